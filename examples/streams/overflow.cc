// One source that does not wait, a consumer that takes every tenth item, and each overflow strategy
// in turn: what arrives, and what became of the rest.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "weir/streams/on_backpressure.h"

namespace {

namespace streams = weir::streams;

/// A sensor: emits whether or not anybody asked. Only the test of each strategy below.
class Sensor final : public streams::Publisher<int> {
 public:
  void subscribe(std::shared_ptr<streams::Subscriber<int>> subscriber) override {
    subscriber_ = std::move(subscriber);
    subscriber_->on_subscribe(std::make_shared<streams::EmptySubscription>());
  }
  void emit(int value) { subscriber_->on_next(value); }

 private:
  std::shared_ptr<streams::Subscriber<int>> subscriber_;
};

class Slow final : public streams::Subscriber<int> {
 public:
  void on_subscribe(std::shared_ptr<streams::Subscription> up) noexcept override {
    up_ = std::move(up);
  }
  void on_next(int value) noexcept override { text += " " + std::to_string(value); }
  void on_error(streams::StreamError error) noexcept override {
    const auto* failure = error.get_if<streams::StreamFailure>();
    text += " error: " + (failure != nullptr ? failure->message : std::string("?"));
  }
  void on_complete() noexcept override {}
  void ask() { up_->request(1); }
  void leave() { up_->cancel(); }

  std::string text;

 private:
  std::shared_ptr<streams::Subscription> up_;
};

template <typename Strategy>
void show(const char* name, Strategy strategy) {
  auto sensor = std::make_shared<Sensor>();
  auto slow = std::make_shared<Slow>();
  streams::Flow<int> readings(std::static_pointer_cast<streams::Publisher<int>>(sensor));
  (readings | std::move(strategy)).subscribe(slow);
  for (int i = 0; i < 30; ++i) {
    if (i % 10 == 0) slow->ask();
    sensor->emit(i);
  }
  slow->leave();  // a flow that has not ended keeps both of its ends alive
  std::printf("%-8s%s\n", name, slow->text.c_str());
}

}  // namespace

int main() {
  show("buffer", streams::on_backpressure_buffer({.items = 8}));
  show("drop", streams::on_backpressure_drop());
  show("latest", streams::on_backpressure_latest());
  show("error", streams::on_backpressure_error());
}
