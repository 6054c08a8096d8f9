"""``make demo``: the main job told as a story, on real sound, with every claim measured."""
