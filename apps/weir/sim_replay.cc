// weir sim replay: what another law would have done with what the proxy recorded.
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "options.h"
#include "sim/replay.h"
#include "verbs.h"

namespace weir::cli {
namespace {

struct Values {
  std::string path;
  std::string output = "text";
  sim::ReplayOptions options;
};

int run_replay(const Values& values) {
  std::ifstream in(values.path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  if (!in) {
    return fail({ErrorKind::kUnavailable, "cannot read '" + values.path + "'",
                 "give a file that 'weir proxy --record FILE' wrote"});
  }
  const std::string recording = bytes.str();
  const auto replay = sim::replay(recording, values.options);
  if (!replay) return fail(replay.error());
  const std::string text = values.output == "json"   ? sim::to_json(*replay)
                           : values.output == "html" ? sim::to_html(*replay)
                                                     : sim::to_text(*replay);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

void add_sim_replay(CLI::App& parent, Action& action) {
  CLI::App& verb =
      add_verb(parent, "replay",
               "Run what 'weir proxy --record' kept through any law, and tell what it would "
               "have done.",
               {"weir sim replay weir.rec --law gradient2",
                "weir sim replay weir.rec --law vegas -o html > replay.html"});
  const auto values = std::make_shared<Values>();
  verb.add_option("RECORDING", values->path, "A file that 'weir proxy --record' wrote")->required();
  verb.add_option("--law", values->options.law, "The law to try; default the recorded one");
  verb.add_option("--upstream", values->options.upstream, "Which one; default the first");
  verb.add_option("--seed", values->options.seed, "Of laws and of the model");
  verb.add_option("-o,--output", values->output, "text, json or html")
      ->check(CLI::IsMember({"text", "json", "html"}));
  verb.callback([values, &action] { action = [values] { return run_replay(*values); }; });
}

}  // namespace weir::cli
