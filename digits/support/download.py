"""Downloads: retried, with a deadline, and no larger than expected."""

import time
from io import BytesIO

from digits.support.errors import one_line

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3 import Retry
from urllib3.exceptions import HTTPError

SLOWEST = 10_000  # bytes a second; a server that is slower is given up
RETRIES = Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], raise_on_status=False)
AS_IT_IS = {"Accept-Encoding": "identity"}  # what is packed is for the reader to unpack, which knows its limits


def download(url: str, limit: int, timeout: float) -> BytesIO:
    """Download a file of at most `limit` bytes.

    Args:
        url: an HTTP address.
        limit: also what must be there after `timeout` at the pace of `SLOWEST`.
        timeout: how many seconds the server may stay silent.

    Raises:
        ValueError: it cannot be had, with the reason in a few words.
    """
    deadline = time.monotonic() + timeout + limit / SLOWEST
    content = BytesIO()
    try:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=RETRIES))
            with (
                session.get(url, stream=True, timeout=timeout, headers=AS_IT_IS) as response,
                tqdm(desc=url.rpartition("/")[2], unit="B", unit_scale=True, leave=False, disable=None) as bar,
            ):
                if not response.ok:
                    raise ValueError(f"the server answers {response.status_code}")
                while chunk := response.raw.read1(2**16):
                    bar.update(content.write(chunk))
                    if content.tell() > limit:
                        raise ValueError("is larger than the dataset can be")
                    if time.monotonic() > deadline:
                        raise ValueError("comes too slowly")
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        cause: BaseException = error
        while inner := cause.__cause__ or cause.__context__:  # the innermost one says what happened
            cause = inner
        raise ValueError(one_line(cause)) from None
    content.seek(0)
    return content
