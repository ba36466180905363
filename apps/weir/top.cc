// weir top: the dashboard in a terminal.
#include <cstdio>

#include "admin_options.h"
#include "console/terminal.h"
#include "console/top_model.h"
#include "verbs.h"

namespace weir::cli {
namespace {

// One tick of the stream, as it came.
int print_tick(const console::AdminClient& client) {
  const auto ended = client.stream(
      "/api/stream",
      [](std::string_view name, std::string_view data) {
        if (name != "tick") return true;
        std::printf("%.*s\n", static_cast<int>(data.size()), data.data());
        return false;
      },
      [] { return true; });
  return ended ? 0 : fail(ended.error());
}

int watch(const console::AdminClient& client) {
  const auto first = client.get("/api/status");  // a wrong address fails before the screen goes
  if (!first) return fail(first.error());
  if (first->status != 200) return fail(console::error_of(*first));
  console::TopModel model(client.name());
  console::Terminal terminal;
  const console::Paint paint = console::Paint::for_fd(1);
  bool stale = true;
  bool quit = false;
  size_t columns = 0;
  size_t rows = 0;
  const auto on_idle = [&] {
    switch (terminal.key()) {
      case console::Key::kQuit: quit = true; return false;
      case console::Key::kLeft:
        model.choose_next(-1);
        stale = true;
        break;
      case console::Key::kRight:
        model.choose_next(1);
        stale = true;
        break;
      case console::Key::kOther:
      case console::Key::kNone: break;
    }
    stale = stale || columns != terminal.columns() || rows != terminal.rows();
    if (!stale) return true;
    columns = terminal.columns();
    rows = terminal.rows();
    terminal.draw(model.frame(columns, rows, paint));
    stale = false;
    return true;
  };
  const auto on_event = [&](std::string_view name, std::string_view data) {
    model.on_event(name, data);
    stale = true;
    return true;
  };
  // A weir that restarts is waited for; q ends it.
  while (!quit) {
    if (client.stream("/api/stream", on_event, on_idle)) break;
    model.set_connected(false);
    stale = true;
    for (int i = 0; i < 10 && on_idle(); ++i) terminal.wait();
  }
  return 0;
}

}  // namespace

void add_top(CLI::App& parent, Action& action) {
  CLI::App& verb = add_verb(parent, "top", "Watch in a terminal; q quits.",
                            {"weir top", "weir top --admin 10.0.0.5:9901"});
  const auto options = std::make_shared<AdminOptions>();
  add_admin(verb, *options);
  add_output(verb, *options);
  verb.callback([&action, options] {
    action = [options] {
      const auto client = console::AdminClient::make(options->admin);
      if (!client) return fail(client.error());
      if (options->json()) return print_tick(*client);
      if (console::Terminal::is_there()) return watch(*client);
      return fail({ErrorKind::kUsage, "weir top needs a terminal",
                   "'weir status' prints once; 'weir top -o json' prints one second's figures"});
    };
  });
}

}  // namespace weir::cli
