"""What `make lab` and `make app` tell the Jupyter server, so that a moved control answers at once."""

from asyncio import Future

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Between browser and kernel, without Nagle's algorithm.

    A kernel answers a key press with several small messages. The server's socket holds the second back until
    the browser has acknowledged the first, which it may put off for 40 ms, on Windows for 200 ms.
    """

    # As Jupyter's own connection returns it, which does not keep to its base class either.
    def connect(self) -> Future[None] | None:  # type: ignore[override]
        self.websocket_handler.set_nodelay(True)
        return super().connect()
