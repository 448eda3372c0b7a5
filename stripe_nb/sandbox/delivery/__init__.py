"""How events leave the sandbox: signed, in order, and tried again if they fail."""
