"""Pictures of the routing: one frozen graph, and its forms as text, DOT, SVG and JSON. Pure, but for running `dot`."""
