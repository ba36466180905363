#include "pipelines.h"

#include <utility>

#include "signals.h"
#include "weir/base/assert.h"
#include "weir/streams/for_each.h"
#include "weir/streams/map.h"
#include "weir/streams/multicast.h"
#include "weir/streams/source.h"

namespace weir::tck {
namespace {

JavaRef box(int64_t value) noexcept {
  jvalue argument;
  argument.j = value;
  const LocalRef boxed(
      env()->CallStaticObjectMethodA(java().long_class, java().long_value_of, &argument));
  WEIR_ASSERT(!env()->ExceptionCheck());
  return JavaRef(boxed.get());
}

std::shared_ptr<ItemPublisher> shape(const std::string&, streams::Flow<JavaRef> flow) {
  return flow.publisher();
}

}  // namespace

std::shared_ptr<ItemPublisher> make_publisher(const std::string& kind, int64_t elements) {
  return shape(kind, streams::range<int64_t>(0, elements) | streams::map(box));
}

std::shared_ptr<ItemPublisher> make_failed_publisher(const std::string& kind,
                                                     streams::StreamError error) {
  return shape(kind, streams::fail<JavaRef>(std::move(error)));
}

std::shared_ptr<ItemSubscriber> make_subscriber(const std::string&, JavaRef probe) {
  if (probe.get() == nullptr) {
    auto op = streams::for_each([](const JavaRef&) noexcept {}, {}, 4);
    auto sink = std::move(op).sink<JavaRef>();
    return std::make_shared<streams::StageSubscriber<JavaRef, decltype(sink)>>(std::move(sink));
  }
  auto stage =
      streams::map([](JavaRef item) noexcept {
        return item;
      }).stage<JavaRef>(streams::ErasedSink<JavaRef>{std::make_shared<JavaSubscriber>(probe)});
  return std::make_shared<streams::StageSubscriber<JavaRef, decltype(stage)>>(std::move(stage));
}

ProcessorEnds make_processor(const std::string&, uint64_t buffer) {
  auto hub = streams::Multicast<JavaRef>::make({.items = buffer, .cancel_when_unused = true});
  return {hub, hub};
}

}  // namespace weir::tck
