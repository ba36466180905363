// The publishers, subscribers and processors under test, by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "jvm.h"
#include "weir/streams/publisher.h"

namespace weir::tck {

using ItemPublisher = streams::Publisher<JavaRef>;
using ItemSubscriber = streams::Subscriber<JavaRef>;

/// `elements` boxed Longs from 0, through the operators that `kind` names.
std::shared_ptr<ItemPublisher> make_publisher(const std::string& kind, int64_t elements);

/// The same operators over a source that signals nothing but `error`.
std::shared_ptr<ItemPublisher> make_failed_publisher(const std::string& kind,
                                                     streams::StreamError error);

/// A subscriber of this library. With `probe`, a Java Subscriber, it is the operator that `kind`
/// names, and the probe hears what comes out of it; without, it is a sink that asks for batches by
/// itself.
std::shared_ptr<ItemSubscriber> make_subscriber(const std::string& kind, JavaRef probe);

/// An identity processor: what goes into `in` comes out of `out`.
struct ProcessorEnds {
  std::shared_ptr<ItemSubscriber> in;
  std::shared_ptr<ItemPublisher> out;
};
ProcessorEnds make_processor(const std::string& kind, uint64_t buffer);

}  // namespace weir::tck
