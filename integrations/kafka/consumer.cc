#include "weir/kafka/consumer.h"

#include "consumer_core.h"

namespace weir::kafka {

Expected<std::unique_ptr<Consumer>> Consumer::make(ConsumeOptions options) {
  auto core = detail::ConsumerCore::make(std::move(options));
  if (!core) return Unexpected<Error>(core.error());
  return std::unique_ptr<Consumer>(new Consumer(std::move(*core)));
}

Consumer::Consumer(std::shared_ptr<detail::ConsumerCore> core)
    : core_(std::move(core)), thread_([core = core_] { core->run(); }) {}

Consumer::~Consumer() {
  core_->close();
  thread_.join();
}

streams::Flow<Record> Consumer::records() const {
  return streams::Flow<Record>(
      streams::lift<Record>([core = core_](std::shared_ptr<streams::Subscriber<Record>> down) {
        core->subscribe(std::move(down));
      }));
}

}  // namespace weir::kafka
