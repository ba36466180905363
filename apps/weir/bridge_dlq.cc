// weir bridge dlq: see what was given up, and give it another chance.
#include <cstdio>
#include <memory>
#include <string>

#include "bridge/bridge_file.h"
#include "bridge/dead_letters.h"
#include "observe/json.h"
#include "options.h"
#include "verbs.h"

namespace weir::cli {
namespace {

struct DlqOptions {
  std::string config;
  std::string topic;
  std::string output = "text";
  bool all = false;
};

// The bridge of the file that is meant.
Expected<bridge::BridgeOptions> choose(const DlqOptions& options) {
  const auto file = bridge::load_bridge_file(options.config);
  if (!file) return Unexpected<Error>(file.error());
  std::string topics;
  const bridge::BridgeOptions* found = nullptr;
  for (const bridge::BridgeOptions& one : file->bridges) {
    topics += (topics.empty() ? "" : ", ") + one.consume.topic;
    if (options.topic.empty() ? file->bridges.size() == 1 : one.consume.topic == options.topic)
      found = &one;
  }
  if (found != nullptr) return *found;
  return Unexpected<Error>(Error{ErrorKind::kUsage,
                                 options.topic.empty() ? "the file does not have just one bridge"
                                                       : "no bridge of topic " + options.topic,
                                 "name one with --topic; there are: " + topics});
}

void print_text(const bridge::Record& record, int32_t partition) {
  const bridge::Origin& origin = record.origin;
  std::printf("%d/%lld  from %s/%d/%lld  attempts %d  %zu bytes  %s\n", partition,
              static_cast<long long>(record.offset), origin.topic.c_str(), origin.partition,
              static_cast<long long>(origin.offset), record.attempts, record.value.size(),
              record.error.c_str());
}

void print_json(const bridge::Record& record, int32_t partition) {
  observe::JsonWriter json;
  json.begin_object();
  json.member("partition", int64_t{partition});
  json.member("offset", record.offset);
  json.member("origin_topic", std::string_view(record.origin.topic));
  json.member("origin_partition", int64_t{record.origin.partition});
  json.member("origin_offset", record.origin.offset);
  json.member("attempts", int64_t{record.attempts});
  json.member("value_bytes", static_cast<int64_t>(record.value.size()));
  if (record.has_key) json.member("key", std::string_view(record.key));
  json.member("error", std::string_view(record.error));
  json.end_object();
  std::puts(json.text().c_str());
}

int list(const DlqOptions& options) {
  const auto chosen = choose(options);
  if (!chosen) return fail(chosen.error());
  const auto from =
      options.all ? bridge::DeadLettersFrom::kBeginning : bridge::DeadLettersFrom::kUnplayed;
  const auto count =
      bridge::read_dead_letters(*chosen, from, options.output == "json" ? print_json : print_text);
  if (!count) return fail(count.error());
  if (options.output == "text") std::printf("%zu dead letters\n", *count);
  return 0;
}

int replay(const DlqOptions& options) {
  const auto chosen = choose(options);
  if (!chosen) return fail(chosen.error());
  const auto count = bridge::replay_dead_letters(*chosen);
  if (!count) return fail(count.error());
  std::printf("%zu written back to %s\n", *count, chosen->consume.topic.c_str());
  return 0;
}

void add_common(CLI::App& verb, const std::shared_ptr<DlqOptions>& options) {
  verb.add_option("-c,--config", options->config, "The configuration file")->required();
  verb.add_option("--topic", options->topic, "Which bridge, by its topic; for files with several");
}

}  // namespace

void add_bridge_dlq(CLI::App& parent, Action& action) {
  CLI::App& dlq =
      add_verb(parent, "dlq", "See the dead letters of a bridge, or replay them.",
               {"weir bridge dlq list -c weir.yaml", "weir bridge dlq replay -c weir.yaml"});
  dlq.require_subcommand(1);
  auto options = std::make_shared<DlqOptions>();
  CLI::App& listing = add_verb(dlq, "list", "List the dead letters that were not replayed.",
                               {"weir bridge dlq list -c weir.yaml -o json"});
  add_common(listing, options);
  listing.add_flag("--all", options->all, "Those that were replayed, too");
  listing.add_option("-o,--output", options->output, "text, or json: a line each")
      ->check(CLI::IsMember({"text", "json"}));
  listing.callback([options, &action] { action = [options] { return list(*options); }; });
  CLI::App& replaying =
      add_verb(dlq, "replay", "Write dead letters back to their topic, to be delivered again.",
               {"weir bridge dlq replay -c weir.yaml"});
  add_common(replaying, options);
  replaying.callback([options, &action] { action = [options] { return replay(*options); }; });
}

}  // namespace weir::cli
