package weir.tck;

import java.util.stream.Stream;
import org.testng.annotations.Factory;

/** Which C++ objects are held against which class of the TCK. */
public final class Suite {
  private static final String[] PUBLISHERS = {
    "range", "generator", "filter", "take", "publish_on", "subscribe_on", "limit_rate", "flat_map",
    "concat_map", "merge", "concat", "group_by_key", "guard", "share", "buffer", "timeout",
    "throttle", "retry_when",
  };

  /** Subscribers that ask by themselves. */
  private static final String[] SINKS = {"for_each", "publish_on"};

  /** Operators seen from their upstream; those that subscribe later or not at all have no place. */
  private static final String[] OPERATORS = {
    "map", "filter", "publish_on", "limit_rate", "flat_map", "concat_map", "guard", "share",
    "buffer", "timeout", "retry_when",
  };

  /** The multicast alone, and with an operator behind it. */
  private static final String[] PROCESSORS = {"multicast", "map", "limit_rate"};

  /** TestNG takes the instances from here; their names are in the report. */
  @Factory
  public Object[] instances() {
    return Stream.of(
            Stream.of(PUBLISHERS).map(Verifications.PublisherTck::new),
            Stream.of(SINKS).map(Verifications.BlackboxTck::new),
            Stream.of(OPERATORS).map(Verifications.WhiteboxTck::new),
            Stream.of(PROCESSORS).map(Verifications.ProcessorTck::new))
        .flatMap(tests -> tests)
        .toArray();
  }
}
