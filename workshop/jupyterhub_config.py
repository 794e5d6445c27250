"""JupyterHub as `python -m workshop.room` starts it; the variables ROOM_... come from there."""

import os
import sys
from pathlib import Path

from course.paths import cache_dir
from workshop.hub import LearnerSpawner, TokenAuthenticator, bring_notebooks, members
from workshop.room import INSTRUCTOR, Ports

room = Path(os.environ["COURSE_ROOM"])
ports = Ports(int(os.environ["ROOM_PORT"]))
c = get_config()  # type: ignore[name-defined]  # noqa: F821

# The proxy is a program of its own, and a hub that starts again finds the servers that still run. Either may
# be killed: the other keeps running, and every 5 s the hub tells the proxy the routes that it does not know.
c.JupyterHub.bind_url = f"http://{os.environ['ROOM_ADDRESS']}:{ports.room}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{ports.hub}"
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{ports.proxy}"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.last_activity_interval = 5
c.JupyterHub.db_url = f"sqlite:///{room / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(room / "cookie_secret")

TokenAuthenticator.room = room
c.JupyterHub.authenticator_class = TokenAuthenticator
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {INSTRUCTOR}
welcome = "Before You Fine-Tune. Username: the name you were given. Password: the token that came with it."
c.JupyterHub.template_vars = {"announcement_login": welcome}

c.JupyterHub.spawner_class = LearnerSpawner
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = [
    "--ServerApp.kernel_websocket_connection_class=widgets.server.PromptConnection",
    # A server chooses free ports for a kernel that opens them a second later. Where thirty servers do so at
    # once, two may choose the same port, and one of their kernels never starts. Named sockets do not clash.
    "--KernelManager.transport=ipc",
    *(["--allow-root"] if os.geteuid() == 0 else []),
]
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.mem_limit = int(float(os.environ["ROOM_MEMORY"]) * 2**30)
# Thirty servers that start at once on two cores take a minute.
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.SimpleLocalProcessSpawner.home_dir_template = str(room / "learners" / "{username}")
c.Spawner.pre_spawn_hook = lambda spawner: bring_notebooks(Path(spawner.home_dir))
c.Spawner.environment = {
    "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{ports.engine}",
    "ANTHROPIC_AUTH_TOKEN": lambda spawner: members(room)[spawner.user.name],
    "COURSE_RESULTS": lambda spawner: f"{spawner.home_dir}/results",
    "COURSE_CACHE": str(cache_dir()),
    # By number, as a name may be too long for the path of a socket.
    "JUPYTER_RUNTIME_DIR": lambda spawner: f"{os.environ['ROOM_SOCKETS']}/{spawner.user.id}",
}

c.JupyterHub.services = [
    {"name": "culler", "api_token": os.environ["ROOM_CULLER_TOKEN"]},
    {"name": "room", "api_token": os.environ["ROOM_TOKEN"]},
    # Asks for the room's tokens itself.
    {"name": "board", "url": f"http://127.0.0.1:{ports.board}"},
]
c.JupyterHub.load_roles = [
    {
        "name": "culler",
        "services": ["culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
    {"name": "room", "services": ["room"], "scopes": ["shutdown"]},
]
