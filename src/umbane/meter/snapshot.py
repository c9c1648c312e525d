JsonObject = dict


def write_snapshot(*a, **k):
    raise NotImplementedError


def read_snapshot(*a, **k):
    raise NotImplementedError
