/// How a tensor was computed.
public final class GradientNode {}
