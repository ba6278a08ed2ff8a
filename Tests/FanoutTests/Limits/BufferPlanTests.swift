import Reactor
import Testing

@testable import Fanout

@Suite struct BufferPlanTests {
    private func plan(_ bytes: UInt64?, workers: Int) -> BufferPlan {
        BufferPlan(memory: bytes.map { MemoryLimit(bytes: $0, source: "cgroup") }, workers: workers)
    }

    @Test(arguments: [1, 2, 256])
    func withoutALimitTheyAreAsUsual(workers: Int) {
        let plan = plan(nil, workers: workers)
        #expect(plan.sizes == BufferSizes())
        #expect(plan.reason == nil)
        #expect(plan.description == "5 MiB a worker")
    }

    /// (MiB of the limit, workers, buffers of 16 KiB a worker)
    @Test(
        arguments: [
            (1024, 4, 256), (64, 2, 256), (40, 2, 256), (39, 2, 128), (64, 4, 128), (20, 1, 256), (16, 1, 128),
            (16, 4, 32), (4, 1, 32), (0, 1, 32), (64, 256, 32),
        ] as [(UInt64, Int, Int)]
    )
    func theyAreHalvedUntilTheyFitTheirShare(mebibytes: UInt64, workers: Int, count: Int) {
        let plan = plan(mebibytes << 20, workers: workers)
        #expect(plan.sizes.commonCount == count)
        #expect(plan.sizes.reserveCount == count / 2)
        #expect((plan.reason == nil) == (count == 256))
        // One step larger and they would not fit.
        let share = mebibytes << 20 / BufferPlan.shareOfMemory
        if count > 32 { #expect(UInt64(workers * plan.sizes.bytes) <= share) }
        if count < 256 { #expect(UInt64(workers * plan.sizes.bytes * 2) > share) }
    }

    @Test func whatIsSmallerIsSaid() {
        let text = plan(16 << 20, workers: 1).description
        #expect(text == "2560 KiB a worker: at most a quarter of 16 MiB of memory (cgroup)")
    }

    /// From the files of the kernel to the size: version 2, and version 1 as containers see it.
    @Test(arguments: [
        ("30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "0::/nomad\n", "/sys/fs/cgroup/nomad/memory.max"),
        (
            "32 30 0:28 /docker/1f /memory ro - cgroup cgroup rw,memory", "4:memory:/docker/1f\n0::/\n",
            "/memory/memory.limit_in_bytes"
        ),
    ])
    func bothVersionsOfControlGroupsCount(mounts: String, memberships: String, file: String) {
        let files = ["/proc/self/mountinfo": mounts, "/proc/self/cgroup": memberships, file: "16777216\n"]
        let machine = Machine.current(environment: [:]) { files[$0] }
        #expect(BufferPlan(memory: machine.memory, workers: 2).sizes.commonCount == 64)
        let nomad = Machine.current(environment: ["NOMAD_MEMORY_LIMIT": "8"]) { files[$0] }
        #expect(BufferPlan(memory: nomad.memory, workers: 2).sizes.commonCount == 32)
    }
}
