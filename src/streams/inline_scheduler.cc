#include "weir/streams/drain.h"
#include "weir/streams/scheduler.h"

namespace weir::streams {
namespace {

class InlineWorker final : public Worker {
 public:
  void post(std::shared_ptr<Task> task) noexcept override {
    queue_.push(std::move(task));
    drain_.run([this] {
      while (const auto next = queue_.pop()) next->run();
    });
  }

 private:
  TaskQueue queue_;
  Drain drain_;
};

}  // namespace

std::shared_ptr<Worker> InlineScheduler::worker() {
  return std::make_shared<InlineWorker>();
}

}  // namespace weir::streams
