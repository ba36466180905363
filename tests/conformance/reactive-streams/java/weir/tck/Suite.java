package weir.tck;

import org.testng.annotations.Factory;

/** Which C++ objects are held against which class of the TCK. */
public final class Suite {
  public static final class RangePublisherTest extends Verifications.PublisherTck {
    public RangePublisherTest() {
      super("range");
    }
  }

  public static final class ForEachBlackboxTest extends Verifications.BlackboxTck {
    public ForEachBlackboxTest() {
      super("for_each");
    }
  }

  public static final class MapWhiteboxTest extends Verifications.WhiteboxTck {
    public MapWhiteboxTest() {
      super("map");
    }
  }

  public static final class MulticastProcessorTest extends Verifications.ProcessorTck {
    public MulticastProcessorTest() {
      super("multicast");
    }
  }

  /** TestNG takes the instances from here. */
  @Factory
  public Object[] instances() {
    return new Object[] {
      new RangePublisherTest(),
      new ForEachBlackboxTest(),
      new MapWhiteboxTest(),
      new MulticastProcessorTest(),
    };
  }
}
