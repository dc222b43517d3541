"""Nothing. Where Python would keep the bytecode of this module there is a ``bundle``, for it to go when Glimpse does.

Installers remove a module and its bytecode with the package, but no other file, and a folder that is left behind can
still be imported. Should this be imported or compiled after all, Python takes a bundle for bytecode of another version.
"""
