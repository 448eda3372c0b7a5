// What the front ends do for stripe_nb, as two plugins.
//
// In JupyterLab and Notebook 7: a widget whose model is gone, as in a notebook that
// is opened again, leaves an error behind, though its output holds HTML that stands
// for it. That is shown in its place.
//
// In JupyterLab: where the folder that it serves holds the lessons, the launcher has a
// card for each.
//
// Written by hand as the container that the front ends load, so that no build is
// needed. https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html
(() => {
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const HTML = "text/html";
  const GONE = "Error displaying widget";
  const OPEN = "stripe-nb:open-lesson";
  const FIRST = "00_quickstart.ipynb";
  const LESSON = /^(\d\d_\w+|migration)\.ipynb$/;
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

  function fallbacks(notebook) {
    return {
      id: "stripe-nb:fallback",
      description: "Shows what stands for a widget whose model is gone.",
      autoStart: true,
      requires: [notebook.INotebookTracker],
      activate: (_, tracker) => {
        tracker.forEach(watch);
        tracker.widgetAdded.connect((_, panel) => watch(panel));
      },
    };
  }

  // "03_saved_cards.ipynb" is "Saved cards".
  function titleOf(path) {
    const words = path.replace(/^\d\d_|\.ipynb$/g, "").replaceAll("_", " ");
    return words.charAt(0).toUpperCase() + words.slice(1);
  }

  async function addCards(app, launcher, icon) {
    const { content } = await app.serviceManager.contents.get("", { content: true });
    const names = content.map((item) => item.name);
    if (!names.includes(FIRST)) return;
    app.commands.addCommand(OPEN, {
      label: ({ path }) => titleOf(path),
      caption: ({ path }) => `Open ${path}`,
      icon,
      execute: ({ path }) => app.commands.execute("docmanager:open", { path }),
    });
    names
      .filter((name) => LESSON.test(name))
      .sort()
      .forEach((path, rank) => {
        launcher.add({ command: OPEN, args: { path }, category: "Stripe", rank });
      });
  }

  function cards(token, icon) {
    return {
      id: "stripe-nb:launcher",
      description: "Shows the lessons in the launcher.",
      autoStart: true,
      // Notebook 7 shares the package, and has no launcher.
      optional: [token],
      activate: (app, launcher) => {
        if (launcher) addCards(app, launcher, icon);
      },
    };
  }

  async function plugins() {
    try {
      const notebook = await shares("@jupyterlab/notebook");
      const { ILauncher } = await shares("@jupyterlab/launcher");
      const { notebookIcon } = await shares("@jupyterlab/ui-components");
      return [fallbacks(notebook), cards(ILauncher, notebookIcon)];
    } catch {
      // Voila loads extensions too, and names packages without having them: its
      // pages are no notebooks, and their models are new each time.
      return [];
    }
  }

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB["stripe-nb"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const found = await plugins();
      return () => ({ __esModule: true, default: found });
    },
  };
})();
