import CURing
import Testing

@testable import Fanout

@Suite struct WorkerCountTests {
    @Test(
        arguments: [
            (1, nil, 1, "auto: CPU affinity allows 1, no cgroup quota"),
            (4, 2, 2, "auto: CPU affinity allows 4, cgroup quota of 2"),
            (64, nil, 4, "auto: at most 4 (CPU affinity allows 64, no cgroup quota)"),
            (64, 8, 4, "auto: at most 4 (CPU affinity allows 64, cgroup quota of 8)"),
            (2, 100, 2, "auto: CPU affinity allows 2, cgroup quota of 100"),
        ] as [(Int, Int?, Int, String)]
    )
    func automatic(affinity: Int, quota: Int?, count: Int, reason: String) throws {
        let machine = Machine(affinity: affinity, cpuQuota: quota, descriptors: 1024, memory: nil)
        let workers = try WorkerCount(parsing: "auto", machine: machine)
        #expect(workers.count == count)
        #expect(workers.reason == reason)
    }

    @Test func givenCountsAreTakenAsTheyAre() throws {
        #expect(try WorkerCount(parsing: "256", machine: .ordinary).count == 256)
    }

    @Test func affinityCountsItsMask() {
        var mask = [UInt64](repeating: .max, count: 32)
        let count = unsafe fanout_cpu_affinity(&mask, mask.count)
        #expect(count >= 1)
        #expect(mask.reduce(0) { $0 + $1.nonzeroBitCount } == Int(count))
        var lowest: [UInt64] = [0]
        #expect(unsafe fanout_cpu_affinity(&lowest, 1) == count)
        #expect(lowest[0] == mask[0])
    }
}

@Suite struct ConnectionLimitTests {
    private func capacity(
        descriptors: Int,
        memory: UInt64? = nil,
        workers: Int = 2,
        listeners: Int = 1
    ) -> ConnectionCapacity {
        let limit = memory.map { MemoryLimit(bytes: $0, source: "cgroup") }
        let machine = Machine(affinity: workers, cpuQuota: nil, descriptors: descriptors, memory: limit)
        return ConnectionCapacity(machine: machine, workers: workers, listeners: listeners, hasAdmin: false)
    }

    @Test(
        arguments: [
            (20000, nil, 9931, "20000 descriptors less 138 reserved, 2 a connection"),
            (1024, nil, 443, "1024 descriptors less 138 reserved, 2 a connection"),
            (20000, 64 << 20, 1792, "64 MiB of memory (cgroup) less 36 MiB reserved, 16 KiB a connection"),
            (1024, 64 << 20, 443, "1024 descriptors less 138 reserved, 2 a connection"),
            (1 << 20, nil, 65536, "the greatest without --max-connections"),
            (Int.max, nil, 65536, "the greatest without --max-connections"),
            (64, nil, 16, "the least; room for 0: 64 descriptors less 138 reserved, 2 a connection"),
            (
                20000, 16 << 20, 16,
                "the least; room for 0: 16 MiB of memory (cgroup) less 28 MiB reserved, 16 KiB a connection"
            ),
            (20000, 0, 16, "the least; room for 0: 0 MiB of memory (cgroup) less 27 MiB reserved, 16 KiB a connection"),
            (20000, 32 << 20, 64, "32 MiB of memory (cgroup) less 31 MiB reserved, 16 KiB a connection"),
        ] as [(Int, UInt64?, Int, String)]
    )
    func defaults(descriptors: Int, memory: UInt64?, count: Int, reason: String) {
        let limit = capacity(descriptors: descriptors, memory: memory).defaultLimit
        #expect(limit.count == count)
        #expect(limit.reason == reason)
    }

    @Test func workersAndListenersTakeDescriptors() {
        #expect(capacity(descriptors: 20000, workers: 256, listeners: 10).byDescriptors == (20000 - 128 - 256 * 14) / 2)
    }

    @Test func theGreatestGivenFitsExactly() throws {
        let capacity = capacity(descriptors: 20000)
        #expect(try capacity.limit(parsing: "9931") == ConnectionLimit(count: 9931, reason: "as given"))
        #expect(throws: InvalidValue.self) { try capacity.limit(parsing: "9932") }
        #expect(9931 * 2 + capacity.reservedDescriptors <= 20000)
    }

    @Test func moreThanMemoryHoldsIsTheOperatorsWord() throws {
        let limit = try capacity(descriptors: 20000, memory: 64 << 20).limit(parsing: "5000")
        #expect(limit == ConnectionLimit(count: 5000, reason: "as given, though memory has room for 1792"))
    }

    @Test func noDescriptorsMeanNoConnections() {
        #expect(
            throws: InvalidValue(
                "at most 0: 64 descriptors are allowed (RLIMIT_NOFILE), 138 are reserved and a connection takes 2"
            )
        ) {
            try capacity(descriptors: 64).limit(parsing: "1")
        }
    }
}
