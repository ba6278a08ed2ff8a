import Glibc
import Reactor
import Testing

/// Driver conformance: sleeping and waking.
@Suite struct WaitTests {
    @Test(arguments: DriverKind.all)
    func aWakeUpFromAnotherThreadEndsAnEndlessWait(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let wakeup = bench.wakeup
        // Again and again: a wake-up does not wear out.
        for _ in 0..<50 {
            let thread = try Thread(name: "wakes") { wakeup.signal() }
            bench.turn(until: .never)
            thread.join()
        }
        #expect(bench.operationsInFlight == 0)
    }

    @Test(arguments: DriverKind.all)
    func aWakeUpBeforeTheWaitIsNotLost(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        for _ in 0..<50 {
            for _ in 0..<3 { bench.wakeup.signal() }
            bench.turn(until: .never)
        }
    }

    /// Between the end of a wait and the delivery of its results: the next wait must end at once.
    @Test(arguments: DriverKind.all)
    func aWakeUpBetweenWaitAndDeliverEndsTheNextWait(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        for _ in 0..<50 {
            bench.wakeup.signal()
            bench.driver.wait(until: .never)
            bench.wakeup.signal()
            bench.driver.deliver(to: bench)
            bench.turn(until: .never)
        }
    }

    /// Signals and turns in every interleaving: each signal is followed by a turn that begins after it.
    @Test(arguments: DriverKind.all)
    func noWakeUpIsLostInARace(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let wakeup = bench.wakeup
        let wanted = Locked(0)
        let thread = try Thread(name: "wakes") {
            for _ in 0..<5_000 {
                wanted.with { $0 += 1 }
                wakeup.signal()
            }
        }
        while wanted.with({ $0 }) < 5_000 { bench.turn(until: .never) }
        thread.join()
    }

    @Test(arguments: DriverKind.all)
    func theDeadlineEndsAWait(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.receive(from: pair.near)
        let deadline = Deadline.now().advanced(by: 20_000_000)
        bench.turn(until: deadline)
        #expect(Deadline.now() >= deadline)
        #expect(bench.isInFlight(token))
    }

    @Test(arguments: DriverKind.all)
    func aDeadlineThatHasPassedDoesNotWaitAndStillStartsWhatWasAskedFor(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        pair.far.finish()
        let token = bench.receive(from: pair.near)
        let end = Patience.end
        while bench.isInFlight(token), Deadline.now() < end { bench.turn(until: Deadline(nanoseconds: 0)) }
        #expect(!bench.isInFlight(token))
        bench.turn(until: Deadline(nanoseconds: 0))
    }

    @Test(arguments: DriverKind.all)
    func waitsAreCounted(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let before = bench.driver.enters
        for _ in 0..<3 { bench.turn(until: Deadline(nanoseconds: 0)) }
        #expect(bench.driver.enters >= before + 3)
    }

    /// A handler may ask for more while it is told of results.
    @Test(arguments: DriverKind.all)
    func aHandlerMayCallVerbs(kind: DriverKind) throws {
        let wakeup = try Wakeup()
        let driver = try kind.make(wakeup, .usual)
        let pair = try Loopback.pair()
        pair.far.finish()
        let chain = Chain(driver: driver, socket: pair.near, left: 500)
        chain.receive()
        let end = Patience.end
        while chain.left > 0, Deadline.now() < end {
            driver.wait(until: end)
            driver.deliver(to: chain)
        }
        #expect(chain.left == 0)
    }

    /// Receives the end of a stream again and again.
    private final class Chain: CompletionHandler {
        private let driver: any Driver
        private let socket: Descriptor
        private(set) var left: Int
        private var isInVerb = false
        private let token = Token(.receiveFromClient, slot: 1, generation: 1)

        init(driver: any Driver, socket: Descriptor, left: Int) {
            self.driver = driver
            self.socket = socket
            self.left = left
        }

        func receive() {
            isInVerb = true
            driver.receive(from: socket.number, into: .common, token: token)
            isInVerb = false
        }

        func complete(_ completion: Completion) {
            #expect(!isInVerb, "a result from inside a verb")
            #expect(completion.token == token)
            left -= 1
            if left > 0 { receive() }
        }
    }
}
