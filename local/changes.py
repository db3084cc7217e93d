"""Whether a local cloud's state may have changed since it was last saved."""

import asyncio
import contextlib


class Changes:
    """Remembers that something changed; may be told from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with nothing changed; `loop` is where `happened` is awaited."""
        self._loop = loop
        self._happened = asyncio.Event()
        self._told = False

    def mark(self) -> None:
        """Tell that something has changed or is about to."""
        if not self._told:  # one call a save, not one a request
            self._told = True
            with contextlib.suppress(
                RuntimeError
            ):  # the loop has ended, and all is saved at the end
                self._loop.call_soon_threadsafe(self._happened.set)

    async def happened(self) -> None:
        """Wait until there is a change."""
        await self._happened.wait()

    def forget(self) -> None:
        """Begin anew, just before the state is saved."""
        self._happened.clear()
        self._told = False
