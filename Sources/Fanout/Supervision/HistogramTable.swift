import Reactor

/// Histograms with one writer each that outlive it.
final class HistogramTable: Sendable {
    let count: Int
    private let memory: SharedMemory

    init(count: Int) throws(SystemError) {
        self.count = count
        memory = try SharedMemory(bytes: count * CounterRow.bytes(of: Histogram.numbers))
    }

    subscript(index: Int) -> Histogram {
        precondition(index < count, "a histogram outside the table")
        return unsafe Histogram(in: CounterRow(at: memory.at(index * CounterRow.bytes(of: Histogram.numbers))), at: 0)
    }
}
