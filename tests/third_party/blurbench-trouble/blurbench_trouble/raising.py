from blurbench import hookimpl


@hookimpl
def register_blurs(register):
    raise RuntimeError("the lens\nis \x1b[31mred")
