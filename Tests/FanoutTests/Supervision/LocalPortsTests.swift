import Testing

@testable import Fanout

@Suite struct LocalPortsTests {
    @Test(
        arguments: [
            ("32768\t60999\n", 32_768...60_999), ("1024 65535", 1_024...65_535), (nil, 0...65_535), ("", 0...65_535),
            ("9 5", 0...65_535), ("32768", 0...65_535), ("a b", 0...65_535), ("1 99999", 0...65_535),
        ] as [(String?, ClosedRange<UInt16>)]
    )
    func theyAreWhatTheKernelSaysOrAll(text: String?, expected: ClosedRange<UInt16>) {
        let ports = LocalPorts.now { path in
            #expect(path == "/proc/sys/net/ipv4/ip_local_port_range")
            return text
        }
        #expect(ports == expected)
    }
}
