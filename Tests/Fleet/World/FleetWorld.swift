import Glibc
import Reactor

/// A fleet in virtual time: the sidecars are the product's, the endpoints and the clients are drawn from a seed.
final class FleetWorld {
    /// The defaults of the product.
    static let connectTimeout: UInt64 = 1_000_000_000
    static let connectBudget: UInt64 = 5_000_000_000
    static let retryPause: UInt64 = 100_000_000
    /// Between two looks of a registry; the product's own is shorter, and as many times what a look takes.
    static let lookPause: UInt64 = 5_000_000
    /// Sidecars hear of a change within so many nanoseconds.
    static let discoveryDelay: UInt64 = 200_000_000
    /// Health tells an old return from a new one by the clock, which is not near 0 in life.
    static let begin: UInt64 = 1_000_000_000_000
    private static let second = 1e9

    let settings: FleetSettings
    let variant: Variant
    var now = FleetWorld.begin
    var queue = EventQueue()
    var sidecars: [Sidecar] = []
    var sites: [Site]
    var connections: [Connection] = []
    var freeConnections: [Int] = []
    var attempts: UInt32 = 0
    var window = Window()
    var outcome: FleetOutcome
    private var registered: [Int]
    private var phaseEnd: UInt64 = 0
    private var hadTrouble: Set<Int> = []
    private var random: SplitMix

    init(_ settings: FleetSettings, _ variant: Variant) throws {
        self.settings = settings
        self.variant = variant
        random = SplitMix(seed: settings.seed)
        let joining = settings.phases.reduce(0) {
            if case .join(let count) = $1.change { $0 + count } else { $0 }
        }
        let total = settings.endpoints + joining
        sites = (0..<total).map { Site(behaviour: $0 < settings.endpoints ? .healthy : .absent) }
        registered = Array(0..<settings.endpoints)
        outcome = FleetOutcome(
            variant: variant,
            phases: settings.phases,
            sidecars: settings.sidecars,
            endpoints: settings.endpoints,
            joining: joining
        )
        let wakeup = try Wakeup()
        for _ in 0..<settings.sidecars {
            sidecars.append(try Sidecar(variant, slots: total, seed: random.next(), wakeup: wakeup))
        }
    }

    /// Runs all phases; the same settings give the same outcome.
    func run() -> FleetOutcome {
        // All sidecars start at once, and each has a client at once.
        for index in sidecars.indices {
            hear(index)
            queue.add(Event(at: now, kind: .arrival, subject: index))
        }
        beginPhase(0)
        queue.add(Event(at: now + Window.length, kind: .windowEnd, subject: 0))
        let length = settings.phases.reduce(0) { $0 + $1.seconds }
        let end = now + UInt64(length * Self.second)
        while let event = queue.next(), event.at <= end {
            now = event.at
            happen(event)
        }
        outcome.leastUsable = sidecars.map(\.leastUsable).min() ?? 1
        return outcome
    }

    private func happen(_ event: Event) {
        switch event.kind {
        case .arrival: arrive(event.subject)
        case .accepted: accepted(event.subject, event.attempt)
        case .refused: failed(event.subject, event.attempt, .refused)
        case .spareDue: spareDue(event.subject, event.attempt)
        case .attemptExpired: failed(event.subject, event.attempt, .timedOut)
        case .retry: dial(event.subject)
        case .finished: finish(event.subject)
        case .closedAtOnce: closedAtOnce(event.subject)
        case .discovery: hear(event.subject)
        case .look: look(event.subject)
        case .windowEnd: endWindow()
        }
    }

    // MARK: Chance

    /// An exponentially distributed time.
    func drawn(seconds mean: Double) -> UInt64 {
        let uniform = Double(random.next() >> 11) * 0x1p-53
        return UInt64(-log(1 - uniform) * mean * Self.second)
    }

    // MARK: Clients and sidecars

    private func arrive(_ index: Int) {
        let connection = Connection(sidecar: index, accepted: now)
        let place: Int
        if let free = freeConnections.popLast() {
            connections[free] = connection
            place = free
        } else {
            connections.append(connection)
            place = connections.count - 1
        }
        dial(place)
        queue.add(Event(at: now + drawn(seconds: 1 / settings.rate), kind: .arrival, subject: index))
    }

    /// Discovery answers.
    private func hear(_ index: Int) {
        let sidecar = sidecars[index]
        sidecar.registry.replace(
            service: 0,
            with: registered.map(Site.endpoint),
            at: Deadline(nanoseconds: now)
        )
        sidecar.adopt()
        planLook(index, after: now)
    }

    private func look(_ index: Int) {
        let sidecar = sidecars[index]
        guard sidecar.lookAt == now else { return }
        sidecar.lookAt = .max
        _ = sidecar.registry.look(at: Deadline(nanoseconds: now))
        outcome.looks += 1
        sidecar.adopt()
        planLook(index, after: now + Self.lookPause)
    }

    private func planLook(_ index: Int, after earliest: UInt64) {
        let next = sidecars[index].registry.nextLook
        if next < .never { requestLook(index, at: max(earliest, next.nanoseconds)) }
    }

    private func requestLook(_ index: Int, at moment: UInt64) {
        guard moment < sidecars[index].lookAt else { return }
        sidecars[index].lookAt = moment
        queue.add(Event(at: moment, kind: .look, subject: index))
    }

    /// A worker notes an outcome, and rings when it is bad.
    func note(_ outcome: Outcome, _ index: Int, slot: UInt32) {
        guard variant.hasHealth else { return }
        sidecars[index].loads.outcomes.note(outcome, slot: slot)
        if outcome.isBad { requestLook(index, at: now + Self.lookPause) }
    }

    // MARK: Time

    private func endWindow() {
        window.end = Double(now - Self.begin) / Self.second
        window.measure(sites)
        outcome.windows.append(window)
        if now >= phaseEnd { beginPhase(outcome.phase + 1) }
        window = Window(phase: outcome.phase)
        for index in sites.indices { sites[index].begun = 0 }
        queue.add(Event(at: now + Window.length, kind: .windowEnd, subject: 0))
    }

    private func beginPhase(_ number: Int) {
        guard number < settings.phases.count else { return }
        for index in sites.indices {
            sites[index].isNewcomer = false
            if sites[index].behaviour != .absent { sites[index].behaviour = .healthy }
        }
        outcome.phase = number
        let next = settings.phases[number]
        switch next.change {
        case .none:
            break
        case .join(let count):
            let first = (registered.last ?? -1) + 1
            for index in first..<first + count {
                sites[index] = Site(behaviour: .healthy, isNewcomer: true)
                registered.append(index)
            }
            announce()
        case .leave(let count):
            for index in registered.prefix(count) { sites[index].behaviour = .absent }
            registered.removeFirst(count)
            announce()
        case .trouble(let behaviour, let count):
            // Others each time, so that what is remembered of one trouble does not hide the next.
            let fresh = registered.filter { !hadTrouble.contains($0) }
            for index in fresh.shuffled(using: &random).prefix(count) {
                sites[index].behaviour = behaviour
                hadTrouble.insert(index)
            }
        }
        phaseEnd = now + UInt64(next.seconds * Self.second)
    }

    private func announce() {
        for index in sidecars.indices {
            queue.add(Event(at: now + random.next() % Self.discoveryDelay, kind: .discovery, subject: index))
        }
    }
}
