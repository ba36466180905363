#include "bridge/bridge_file.h"

#include <fstream>
#include <optional>
#include <sstream>

#include "config/table.h"
#include "net/url.h"

namespace weir::bridge {
namespace {

using config::Table;

// The file as it is written; options are made from it.

struct ListenKeys {
  std::string admin = "127.0.0.1:9901";
};

struct ConcurrencyKeys {
  uint32_t min = 1;
  uint32_t max = 1000;
};

struct UpstreamKeys {
  std::vector<std::string> to;
  ConcurrencyKeys concurrency;
};

struct BackoffKeys {
  Duration base = RetryOptions{}.backoff_base;
  Duration max = RetryOptions{}.backoff_max;
};

struct RetryKeys {
  int attempts = RetryOptions{}.attempts;
  BackoffKeys backoff;
  std::vector<Duration> tiers = RetryOptions{}.tiers;
};

struct DeliverKeys {
  std::string to;
  Protocol protocol = Protocol::kHttp1;
  std::string path = "/";
  Duration timeout = DeliverOptions{}.timeout;
  Criticality priority = DeliverOptions{}.priority;
  std::string in_flight = "adaptive";
  std::string dead_letter;
  RetryKeys retry;
};

struct IngestKeys : IngestOptions {
  std::string in_flight = "adaptive";
};

struct KafkaKeys {
  ConsumeOptions consume;
  DeliverKeys deliver;
  IngestKeys ingest;
};

struct FileKeys {
  int version = 1;
  ListenKeys listen;
  std::map<std::string, UpstreamKeys> upstreams;
  std::vector<KafkaKeys> kafka;
};

constexpr const char* kAdaptive = "adaptive";
constexpr int64_t kInFlightMax = 100'000;
// Below it, one fetch and one batch of records do not fit side by side.
constexpr size_t kMemoryMin = 8 << 20;

// Settings that the bridge's promises stand on.
std::string reserved_setting(const ClientSettings& settings) {
  for (const char* name : {"group.id", "bootstrap.servers", "enable.auto.commit",
                           "enable.auto.offset.store", "enable.partition.eof", "auto.offset.reset",
                           "enable.idempotence", "acks", "queued.max.messages.kbytes"})
    if (settings.contains(name))
      return std::string("client: '") + name + "' is set by weir and cannot be changed";
  return {};
}

std::string check_url(const std::string& url) {
  const auto parsed = net::Url::parse(url);
  return parsed ? std::string() : parsed.error().message;
}

Table<ConsumeOptions> consume_table() {
  return Table<ConsumeOptions>()
      .text("brokers", &ConsumeOptions::brokers, "Brokers to begin with: HOST:PORT, ...")
      .required()
      .text("topic", &ConsumeOptions::topic, "The topic to deliver")
      .required()
      .text("group", &ConsumeOptions::group, "The consumer group; its members share partitions")
      .required()
      .choice("ordering", &ConsumeOptions::ordering,
              {{"unordered", Ordering::kUnordered},
               {"partition", Ordering::kPartition},
               {"key", Ordering::kKey}},
              "What must not be overtaken by what is behind it")
      .choice("start", &ConsumeOptions::start,
              {{"earliest", Start::kEarliest}, {"latest", Start::kLatest}},
              "Where a group without commits begins")
      .size("memory", &ConsumeOptions::memory_max, "Bound for all records held")
      .duration("commit_interval", &ConsumeOptions::commit_interval, "Between two commits")
      .duration("drain", &ConsumeOptions::drain_max,
                "How long a rebalance or shutdown waits for what is in flight")
      .settings("client", &ConsumeOptions::client, "Settings for librdkafka: TLS, SASL and others")
      .rule([](const ConsumeOptions& consume) { return reserved_setting(consume.client); })
      .rule([](const ConsumeOptions& consume) -> std::string {
        if (consume.memory_max >= kMemoryMin) return {};
        return "memory is below 8MiB, which one fetch would exceed";
      });
}

Table<RetryKeys> retry_table() {
  return Table<RetryKeys>()
      .integer("attempts", &RetryKeys::attempts, 1, 100, "Deliveries before the first retry topic")
      .table("backoff", &RetryKeys::backoff,
             Table<BackoffKeys>()
                 .duration("base", &BackoffKeys::base, "Longest wait before the second delivery")
                 .duration("max", &BackoffKeys::max, "Longest wait before any"),
             "Between those deliveries: full jitter, doubling")
      .durations("tiers", &RetryKeys::tiers,
                 "One retry topic each, <topic>.retry.N, with one delivery after this delay")
      .rule([](const RetryKeys& retry) -> std::string {
        if (retry.tiers.size() <= static_cast<size_t>(kTiersMax)) return {};
        return "at most " + std::to_string(kTiersMax) + " tiers";
      });
}

std::string check_in_flight(const std::string& in_flight) {
  if (in_flight == kAdaptive) return {};
  const auto number = config::parse_integer(in_flight);
  if (number && *number >= 1 && *number <= kInFlightMax) return {};
  return "in_flight is 'adaptive' or a number from 1 to " + std::to_string(kInFlightMax);
}

Table<DeliverKeys> deliver_table() {
  return Table<DeliverKeys>()
      .text("to", &DeliverKeys::to, "The name of an upstream, or http://HOST:PORT")
      .required()
      .choice("protocol", &DeliverKeys::protocol,
              {{"http1", Protocol::kHttp1}, {"http2", Protocol::kHttp2}, {"grpc", Protocol::kGrpc}},
              "How the service is spoken to; http2 and grpc in cleartext with prior knowledge")
      .text("path", &DeliverKeys::path, "Where records are POSTed; of gRPC: /Service/Method")
      .duration("timeout", &DeliverKeys::timeout, "For each delivery")
      .choice("priority", &DeliverKeys::priority,
              {{"CRITICAL_PLUS", Criticality::kCriticalPlus},
               {"CRITICAL", Criticality::kCritical},
               {"SHEDDABLE_PLUS", Criticality::kSheddablePlus},
               {"SHEDDABLE", Criticality::kSheddable}},
              "Sent as X-Weir-Priority")
      .text("in_flight", &DeliverKeys::in_flight, "adaptive, or a fixed number of records")
      .text("dead_letter", &DeliverKeys::dead_letter, "The dead-letter topic; default <topic>.dlq")
      .table("retry", &DeliverKeys::retry, retry_table(), "What happens after a failure")
      .rule([](const DeliverKeys& deliver) { return check_in_flight(deliver.in_flight); })
      .rule([](const DeliverKeys& deliver) -> std::string {
        if (deliver.path.starts_with('/')) return {};
        return "path must begin with '/'";
      });
}

Table<IngestKeys> ingest_table() {
  return Table<IngestKeys>()
      .text("listen", &IngestOptions::listen, "Where HTTP producers connect: HOST:PORT")
      .required()
      .text("path", &IngestOptions::path, "The path that takes POSTs")
      .text("brokers", &IngestOptions::brokers, "Brokers to begin with: HOST:PORT, ...")
      .required()
      .text("topic", &IngestOptions::topic, "The topic to write to")
      .required()
      .size("memory", &IngestOptions::memory_max, "Bound for records that are not durable yet")
      .size("record_max", &IngestOptions::record_bytes_max, "The largest record; beyond it 413")
      .duration("timeout", &IngestOptions::timeout, "For a record to become durable")
      .text("in_flight", &IngestKeys::in_flight,
            "Requests on their way to Kafka: adaptive, or a fixed number")
      .settings("client", &IngestOptions::client, "Settings for librdkafka")
      .rule([](const IngestKeys& ingest) { return check_in_flight(ingest.in_flight); })
      .rule([](const IngestKeys& ingest) { return reserved_setting(ingest.client); });
}

// One file may serve `weir run` and `weir bridge`; each passes over what only the other reads.
constexpr const char* kOfProxy = "Read by weir run";

Table<UpstreamKeys> upstream_table() {
  return Table<UpstreamKeys>()
      .texts("to", &UpstreamKeys::to, "Endpoints: http://HOST:PORT")
      .required()
      .table("concurrency", &UpstreamKeys::concurrency,
             Table<ConcurrencyKeys>()
                 .integer("min", &ConcurrencyKeys::min, 1, kInFlightMax, "Least in flight")
                 .integer("max", &ConcurrencyKeys::max, 1, kInFlightMax, "Most in flight")
                 .ignored("mode", kOfProxy)
                 .ignored("law", kOfProxy)
                 .ignored("limit", kOfProxy)
                 .rule([](const ConcurrencyKeys& keys) -> std::string {
                   return keys.min <= keys.max ? "" : "concurrency: min is above max";
                 }),
             "Bounds of the adaptive limit")
      .ignored("queue", kOfProxy)
      .ignored("connections", kOfProxy)
      .ignored("breaker", kOfProxy)
      .ignored("balance", kOfProxy)
      .ignored("health", kOfProxy)
      .ignored("credits", kOfProxy)
      .ignored("retry", kOfProxy)
      .rule([](const UpstreamKeys& upstream) -> std::string {
        for (const std::string& url : upstream.to)
          if (std::string wrong = check_url(url); !wrong.empty()) return wrong;
        return upstream.to.empty() ? "'to' is empty" : "";
      });
}

// Names that are used and do not exist.
std::string check_targets(const FileKeys& file) {
  for (const KafkaKeys& kafka : file.kafka) {
    const std::string& to = kafka.deliver.to;
    if (to.empty() || file.upstreams.contains(to)) continue;
    if (to.find("://") == to.npos) return "deliver: there is no upstream '" + to + "'";
    if (std::string wrong = check_url(to); !wrong.empty()) return "deliver: " + wrong;
  }
  return {};
}

std::string check_halves(const KafkaKeys& kafka) {
  const bool consumes = !kafka.consume.topic.empty();
  const bool delivers = !kafka.deliver.to.empty();
  if (consumes != delivers) return "'consume' and 'deliver' belong together";
  if (consumes == !kafka.ingest.topic.empty())
    return "an entry has either 'consume' and 'deliver', or 'ingest'";
  return {};
}

Table<FileKeys> file_table() {
  return Table<FileKeys>()
      .integer("version", &FileKeys::version, 1, 1, "The version of this format")
      .required()
      .table("listen", &FileKeys::listen,
             Table<ListenKeys>()
                 .text("admin", &ListenKeys::admin, "Metrics, health and state: HOST:PORT")
                 .ignored("http", kOfProxy)
                 .ignored("trust_priority", kOfProxy)
                 .ignored("trust_forwarded_proto", kOfProxy)
                 .ignored("report_load", kOfProxy),
             "Addresses to listen on")
      .named("upstreams", &FileKeys::upstreams, upstream_table(), "Services, by name")
      .tables("kafka", &FileKeys::kafka,
              Table<KafkaKeys>()
                  .table("consume", &KafkaKeys::consume, consume_table(), "Topic to service: from")
                  .table("deliver", &KafkaKeys::deliver, deliver_table(), "Topic to service: to")
                  .table("ingest", &KafkaKeys::ingest, ingest_table(), "HTTP to topic")
                  .rule(check_halves),
              "Bridges and ingests")
      .required()
      .ignored("workers", kOfProxy)
      .ignored("dry_run", kOfProxy)
      .ignored("timeouts", kOfProxy)
      .ignored("bulkheads", kOfProxy)
      .ignored("routes", kOfProxy)
      .rule(check_targets);
}

IngestOptions ingest_options(const IngestKeys& keys) {
  IngestOptions options = keys;
  if (keys.in_flight != kAdaptive)
    options.in_flight_min = options.in_flight_max =
        static_cast<uint32_t>(*config::parse_integer(keys.in_flight));
  return options;
}

BridgeOptions bridge_options(const FileKeys& file, const KafkaKeys& kafka) {
  BridgeOptions options;
  options.consume = kafka.consume;
  DeliverOptions& deliver = options.deliver;
  deliver.to = {kafka.deliver.to};
  if (const auto upstream = file.upstreams.find(kafka.deliver.to);
      upstream != file.upstreams.end()) {
    deliver.to = upstream->second.to;
    deliver.in_flight_min = upstream->second.concurrency.min;
    deliver.in_flight_max = upstream->second.concurrency.max;
  }
  if (kafka.deliver.in_flight != kAdaptive)
    deliver.in_flight_min = deliver.in_flight_max =
        static_cast<uint32_t>(*config::parse_integer(kafka.deliver.in_flight));
  deliver.protocol = kafka.deliver.protocol;
  deliver.path = kafka.deliver.path;
  deliver.timeout = kafka.deliver.timeout;
  deliver.priority = kafka.deliver.priority;
  deliver.dead_letter = kafka.deliver.dead_letter;
  const RetryKeys& retry = kafka.deliver.retry;
  deliver.retry = {retry.attempts, retry.backoff.base, retry.backoff.max, retry.tiers};
  return options;
}

}  // namespace

Expected<BridgeFile> parse_bridge_file(const std::string& name, const std::string& text) {
  config::Diagnostics diagnostics(name, text);
  const config::Node root = config::parse_yaml(text, diagnostics);
  FileKeys keys;
  if (root.kind != config::Node::Kind::kNothing || diagnostics.ok())
    file_table().read(root, diagnostics, keys);
  if (!diagnostics.ok()) {
    std::string message = std::to_string(diagnostics.count()) +
                          (diagnostics.count() == 1 ? " mistake" : " mistakes") + " in the file\n" +
                          diagnostics.render();
    return Unexpected<Error>(Error{ErrorKind::kConfig, std::move(message), ""});
  }
  BridgeFile file;
  file.admin = keys.listen.admin;
  for (const KafkaKeys& kafka : keys.kafka) {
    if (kafka.ingest.topic.empty()) {
      file.bridges.push_back(bridge_options(keys, kafka));
    } else {
      file.ingests.push_back(ingest_options(kafka.ingest));
    }
  }
  return file;
}

Expected<BridgeFile> load_bridge_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) {
    return Unexpected<Error>(
        Error{ErrorKind::kUnavailable, "cannot read '" + path + "'", "check the path given to -c"});
  }
  return parse_bridge_file(path, text.str());
}

std::string bridge_file_schema() {
  observe::JsonWriter json;
  json.begin_object();
  json.member("$schema", "https://json-schema.org/draft/2020-12/schema");
  file_table().schema(json);
  json.end_object();
  return json.text();
}

}  // namespace weir::bridge
