import Testing

@testable import Fanout

/// A queue that takes and gives text; a class, because `#expect` cannot call mutating methods.
private final class TextQueue {
    private var queue: LogQueue

    init(capacity: Int) { queue = LogQueue(capacity: capacity) }

    var isEmpty: Bool { queue.isEmpty }
    var dropped: UInt64 { queue.dropped }

    func add(_ text: String) -> Bool { queue.add(Array(text.utf8)) }
    func next(longest: Int) -> String { String(decoding: queue.next(longest: longest), as: UTF8.self) }
    func advance(by count: Int) { queue.advance(by: count) }
    func discard() { queue.discard() }
    func takeDropped() -> UInt64 { queue.takeDropped() }
}

@Suite struct LogQueueTests {
    @Test func givesWholeLinesInOrder() {
        let queue = TextQueue(capacity: 100)
        #expect(queue.add("one\n"))
        #expect(queue.add("two\nthree\n"))
        #expect(queue.next(longest: 9) == "one\ntwo\n")
        queue.advance(by: 2)
        #expect(queue.add("four\n"))
        #expect(queue.next(longest: 9) == "e\ntwo\n")
        queue.advance(by: 6)
        #expect(queue.next(longest: 4) == "thre")
        queue.advance(by: 4)
        #expect(queue.next(longest: 100) == "e\n")
        queue.advance(by: 2)
        #expect(queue.next(longest: 100) == "four\n")
        #expect(!queue.isEmpty)
        queue.advance(by: 5)
        #expect(queue.isEmpty)
        #expect(queue.dropped == 0)
    }

    @Test func dropsWhatDoesNotFit() {
        let queue = TextQueue(capacity: 8)
        #expect(queue.add("1234567\n"))
        #expect(!queue.add("\n"))
        #expect(!queue.add("a\nb\n"))
        #expect(queue.dropped == 3)
        #expect(queue.next(longest: 4) == "1234")
        queue.advance(by: 4)
        #expect(queue.add("abc\n"))
        #expect(!queue.add("\n"))
        #expect(queue.takeDropped() == 4)
        #expect(queue.takeDropped() == 0)
        #expect(queue.dropped == 4)
    }

    @Test func linesDoNotRunTogetherAfterARefusal() {
        let queue = TextQueue(capacity: 100)
        #expect(queue.add("one\ntwo\n"))
        _ = queue.next(longest: 100)
        queue.advance(by: 5)
        #expect(queue.add("three\n"))
        queue.discard()
        #expect(queue.isEmpty)
        #expect(queue.dropped == 2)
        #expect(queue.add("four\n"))
        queue.discard()
        queue.discard()
        #expect(queue.dropped == 3)
        #expect(queue.add("five\n"))
        #expect(queue.add("six\n"))
        #expect(queue.next(longest: 100) == "\nfive\nsix\n")
        queue.advance(by: 10)
        #expect(queue.isEmpty)
        #expect(queue.add("seven\n"))
        #expect(queue.next(longest: 100) == "seven\n")
    }
}
