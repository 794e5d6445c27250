"""An explorer in a page as JupyterLab shows it, without a kernel."""

from playwright.sync_api import Page

from widgets.page_view import PageView

# It stands in for the model that a kernel shares with the page; `answer` is a message from Python.
STAND_IN = """values => {
    Object.assign(window, {values, sent: []});
    const clipboard = { writeText: async text => { window.copied = text; } };
    Object.defineProperty(navigator, 'clipboard', {value: clipboard, configurable: true});
    const model = {
        get: name => values[name],
        set: (name, value) => { values[name] = value; },
        save_changes() {},
        send: message => sent.push(message),
        on: (_, call) => { window.answer = call; },
    };
    window.render({model, el: document.querySelector('main')});
}"""
# Of the cost view the advice may still change with the draws.
READY = """() => document.querySelector('.decide')
    || !document.querySelector('.certainty .stale')"""


def shown(page: Page, view: PageView) -> None:
    """Show it in this page: `values` are its traits there, `sent` what it sent to Python."""
    page.goto("about:blank")
    page.set_content("<main></main>")
    page.add_style_tag(content=view._css)
    script = view._esm.replace("export default { render };", "window.render = render;")
    page.add_script_tag(content=script, type="module")
    page.wait_for_function("() => window.render !== undefined")
    page.evaluate(STAND_IN, {"data": view.data, "state": view.state})
    page.wait_for_function(READY)
