"""What all Python tests share."""

ID_LENGTH_MAX = 40


def pytest_make_parametrize_id(config, val, argname):
    """Cuts what would fill a screen: a test of a 20 KiB header is named by how it begins."""
    text = repr(val) if isinstance(val, (str, bytes)) else ""
    return text[1:ID_LENGTH_MAX] + "..." if len(text) > ID_LENGTH_MAX else None
