"""Words of the project as types: what desired and observed share, values, errors. Imports nothing of ours."""
