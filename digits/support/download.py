"""Downloads: retried, with a deadline, and no larger than expected."""

import tempfile
import time
from typing import IO

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3 import Retry
from urllib3.exceptions import HTTPError

CHUNK = 2**16  # bytes
IN_MEMORY = 2**24  # bytes of a download; what is larger goes to a temporary file
SLOWEST = 10_000  # bytes a second; a server that is slower is given up
RETRIES = Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], raise_on_status=False)


def download(url: str, limit: int, timeout: float) -> IO[bytes]:
    """Download a file.

    Args:
        url: an HTTP address.
        limit: the number of bytes that the file may have.
        timeout: how many seconds the server may stay silent; all must be there in as long, and `limit` at `SLOWEST`.

    Raises:
        ValueError: it cannot be had, with the reason in a few words.
    """
    deadline = time.monotonic() + timeout + limit / SLOWEST
    content: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (its reader closes it)
    try:
        with requests.Session() as session:
            session.mount("http", HTTPAdapter(max_retries=RETRIES))
            # What is packed is for the reader to unpack, which knows its limits.
            with session.get(url, stream=True, timeout=timeout, headers={"Accept-Encoding": "identity"}) as response:
                if not response.ok:
                    raise ValueError(f"the server answers {response.status_code}")
                # A bar on a terminal only (disable=None), and gone when the file is there.
                with tqdm(desc=url.rpartition("/")[2], unit="B", unit_scale=True, leave=False, disable=None) as bar:
                    while chunk := response.raw.read1(CHUNK):
                        bar.update(content.write(chunk))
                        if content.tell() > limit:
                            raise ValueError("is larger than the dataset can be")
                        if time.monotonic() > deadline:
                            raise ValueError("comes too slowly")
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        content.close()
        cause: BaseException = error
        while inner := cause.__cause__ or cause.__context__:  # the innermost one says what happened
            cause = inner
        raise ValueError(one_line(cause)) from None
    content.seek(0)
    return content


def one_line(error: BaseException) -> str:
    """Return what an error says as a short line without control characters."""
    text = " ".join((str(error) or type(error).__name__).split())
    return "".join(sign for sign in text if sign.isprintable())[:300]
