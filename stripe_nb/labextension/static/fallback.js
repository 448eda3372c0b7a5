// In JupyterLab and Notebook 7: a widget whose model is gone, as in a notebook that
// is opened again, leaves an error behind, though its output holds HTML that stands
// for it. That is shown in its place.
//
// Written by hand as the container that the front ends load, so that no build is
// needed. https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html
(() => {
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const HTML = "text/html";
  const GONE = "Error displaying widget";
  let shared = {};

  // What the front end shares of a package, whichever version it has.
  async function shares(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  function outputOf(panel, node) {
    for (const { outputArea } of panel.content.widgets) {
      if (!outputArea?.node.contains(node)) continue;
      const at = outputArea.widgets.findIndex((each) => each.node.contains(node));
      return at < 0 ? null : outputArea.model.get(at);
    }
    return null;
  }

  async function replace(panel, node) {
    const output = outputOf(panel, node);
    if (!output?.data[VIEW] || !output.data[HTML]) return;
    const renderer = panel.content.rendermime.createRenderer(HTML);
    await renderer.renderModel(output);
    node.replaceChildren(renderer.node);
  }

  function watch(panel) {
    const seen = new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        const [first] = addedNodes;
        if (first instanceof Text && first.data.startsWith(GONE)) replace(panel, target);
      }
    });
    seen.observe(panel.content.node, { childList: true, subtree: true });
    panel.disposed.connect(() => seen.disconnect());
  }

  async function extension() {
    const about = {
      id: "stripe-nb:fallback",
      description: "Shows what stands for a widget whose model is gone.",
      autoStart: true,
    };
    let notebook;
    try {
      notebook = await shares("@jupyterlab/notebook");
    } catch {
      // Voila loads extensions too, and names the package without having it: its
      // pages are no notebooks, and their models are new each time.
      return { ...about, activate: () => {} };
    }
    return {
      ...about,
      requires: [notebook.INotebookTracker],
      activate: (_, tracker) => {
        tracker.forEach(watch);
        tracker.widgetAdded.connect((_, panel) => watch(panel));
      },
    };
  }

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB["stripe-nb"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const plugin = await extension();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
