import Testing

@testable import Fanout

private func groups(_ files: [String: String]) -> ControlGroups {
    ControlGroups { files[$0] }
}

/// A version 2 hierarchy at /sys/fs/cgroup with the process in /a/b.
private func version2(_ files: [String: String], root: String = "/", group: String = "/a/b") -> ControlGroups {
    let tables = [
        "/proc/self/mountinfo": """
        22 1 0:20 / /proc rw shared:1 - proc proc rw
        30 24 0:26 \(root) /sys/fs/cgroup rw,nosuid shared:9 master:3 - cgroup2 cgroup2 rw,nsdelegate
        """,
        "/proc/self/cgroup": "0::\(group)\n",
    ]
    return groups(tables.merging(files) { $1 })
}

/// Version 1 as Docker mounts it, with the group's own directory as root.
private func version1(_ files: [String: String], root: String = "/docker/1f", group: String = "/docker/1f")
    -> ControlGroups
{
    let tables = [
        "/proc/self/mountinfo": """
        31 30 0:27 \(root) /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
        32 30 0:28 \(root) /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
        33 30 0:29 \(root) /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset
        34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
        """,
        "/proc/self/cgroup": "9:name=systemd:/\n4:memory:\(group)\n3:cpuset:\(group)\n2:cpu,cpuacct:\(group)\n0::/\n",
    ]
    return groups(tables.merging(files) { $1 })
}

@Suite struct ControlGroupTests {
    @Test(
        arguments: [
            ("max 100000\n", nil), ("100000 100000\n", 1), ("150000 100000", 2), ("1000 100000", 1),
            ("400000 50000", 8),
            ("", nil), ("max", nil), ("100000", nil), ("-1 100000", nil), ("100000 0", nil), ("0 100000", nil),
            ("a b", nil), ("99999999999999999999 1", nil), ("1 2 3", nil), ("4294967295 1", 4_294_967_295),
        ] as [(String, Int?)]
    )
    func version2Quota(content: String, expected: Int?) {
        #expect(version2(["/sys/fs/cgroup/a/b/cpu.max": content]).cpuQuota == expected)
    }

    @Test func theTightestParentHolds() {
        let groups = version2([
            "/sys/fs/cgroup/a/b/cpu.max": "400000 100000", "/sys/fs/cgroup/a/cpu.max": "200000 100000",
            "/sys/fs/cgroup/cpu.max": "300000 100000", "/sys/fs/cgroup/a/b/memory.max": "max",
            "/sys/fs/cgroup/a/memory.max": "67108864", "/sys/fs/cgroup/memory.max": "134217728",
            "/sys/fs/cgroup/other/memory.max": "1",
        ])
        #expect(groups.cpuQuota == 2)
        #expect(groups.memoryLimit == 64 << 20)
    }

    @Test(
        arguments: [
            ("max\n", nil), ("67108864\n", 67_108_864), ("9223372036854771712", nil), ("-1", nil), ("", nil),
            ("64M", nil),
            ("0", 0), ("99999999999999999999999", nil),
        ] as [(String, UInt64?)]
    )
    func version2Memory(content: String, expected: UInt64?) {
        #expect(version2(["/sys/fs/cgroup/memory.max": content]).memoryLimit == expected)
    }

    @Test func version1QuotaAndMemory() {
        let directory = "/sys/fs/cgroup/cpu,cpuacct"
        let groups = version1([
            directory + "/cpu.cfs_quota_us": "150000\n", directory + "/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "33554432\n",
        ])
        #expect(groups.cpuQuota == 2)
        #expect(groups.memoryLimit == 32 << 20)
        let unlimited = version1([
            directory + "/cpu.cfs_quota_us": "-1\n", directory + "/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        ])
        #expect(unlimited.cpuQuota == nil)
        #expect(unlimited.memoryLimit == nil)
        #expect(version1([directory + "/cpu.cfs_quota_us": "100000"]).cpuQuota == nil)
    }

    /// (mount's root, process's group, directory that must be read)
    @Test(arguments: [
        ("/", "/", ""), ("/", "/a", "/a"), ("/docker/1f", "/docker/1f", ""), ("/docker/1f", "/docker/1f/sub", "/sub"),
        ("/docker/1f", "/", ""), ("/docker/1f", "/docker/1fx", ""), ("/../..", "/", ""), ("/", "/../../x", ""),
    ])
    func groupsAreFoundBelowWhatIsMounted(root: String, group: String, directory: String) {
        let file = "/sys/fs/cgroup\(directory)/memory.max"
        #expect(version2([file: "1048576"], root: root, group: group).memoryLimit == 1 << 20)
    }

    @Test func mountPointsMayHoldSpaces() {
        let groups = groups([
            "/proc/self/mountinfo": #"30 24 0:26 / /my\040groups\134 rw - cgroup2 cgroup2 rw"#,
            "/proc/self/cgroup": "0::/a:b",
            #"/my groups\/a:b/memory.max"#: "1048576",
        ])
        #expect(groups.memoryLimit == 1 << 20)
    }

    @Test(arguments: [
        "", "\n\n", "30 24", "30 24 0:26 / /sys/fs/cgroup rw -", "30 24 0:26 / /x rw - cgroup2", "- - - - - - - -",
    ])
    func oddTablesSetNoLimit(mounts: String) {
        for memberships in ["", "0", "0::", "::", "0::relative", "0::/a"] {
            let groups = groups(["/proc/self/mountinfo": mounts, "/proc/self/cgroup": memberships])
            #expect(groups.cpuQuota == nil)
            #expect(groups.memoryLimit == nil)
        }
        #expect(groups([:]).memoryLimit == nil)
    }
}

@Suite struct MachineTests {
    @Test(
        arguments: [
            (nil, nil, nil, nil), (nil, "64", 64 << 20, "NOMAD_MEMORY_LIMIT"), (32 << 20, "64", 32 << 20, "cgroup"),
            (64 << 20, "64", 64 << 20, "cgroup"), (128 << 20, "64", 64 << 20, "NOMAD_MEMORY_LIMIT"),
            (nil, "0", nil, nil), (nil, "-1", nil, nil), (nil, "x", nil, nil), (nil, "", nil, nil),
            (1 << 20, "99999999999", 1 << 20, "cgroup"),
        ] as [(UInt64?, String?, UInt64?, String?)]
    )
    func memoryIsTheLower(cgroup: UInt64?, nomad: String?, bytes: UInt64?, source: String?) {
        let environment = nomad.map { ["NOMAD_MEMORY_LIMIT": $0] } ?? [:]
        let limit = Machine.memory(cgroup: cgroup, environment: environment)
        #expect(limit?.bytes == bytes)
        #expect(limit?.source == source)
    }

    @Test func thisMachineCanBeRead() {
        let machine = Machine.current(environment: [:])
        #expect(machine.affinity >= 1)
        #expect(machine.descriptors > 0)
        #expect(DescriptorLimit.raise() == machine.descriptors)
        #expect(SystemFile.read("/proc/self/mountinfo")?.isEmpty == false)
        #expect(SystemFile.read("/nonexistent/file") == nil)
        #expect(SystemFile.read("/proc") == "")
    }
}
