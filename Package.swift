// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: explicit about unsafe memory, free of warnings, and optimised across the module border in
/// release, because the hot path is generic over the driver (ARCHITECTURE.md, "Specialisation").
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

let testSettings: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

/// What `fanout_build_info` tells; scripts/fanout sets it. Only one C file is compiled anew for another commit.
let commit = Context.environment["FANOUT_COMMIT"] ?? "unknown"

let package = Package(
    name: "fanout",
    products: [
        .executable(name: "fanout", targets: ["Fanout"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    ],
    targets: [
        .target(
            name: "CURing",
            cSettings: [.treatAllWarnings(as: .error), .define("FANOUT_COMMIT", to: "\"\(commit)\"")],
            linkerSettings: [.linkedLibrary(":liburing.a")]
        ),
        .target(
            name: "Reactor",
            dependencies: ["CURing"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Fanout",
            dependencies: [
                "Reactor",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "ReactorTests", dependencies: ["Reactor", "CURing"], swiftSettings: testSettings),
        .testTarget(
            name: "FanoutTests",
            dependencies: [
                "Fanout", "Reactor",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: testSettings
        ),
        // What a person looks at: the page, and the commands that ask a running Fanout.
        .testTarget(
            name: "ViewTests",
            dependencies: [
                "Fanout", "Reactor",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            swiftSettings: testSettings
        ),
        // The task API of Nomad as tests and the demo need it; also started by hand.
        .target(
            name: "NomadDouble",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Tests/NomadDouble",
            swiftSettings: testSettings
        ),
        .executableTarget(
            name: "nomad-double",
            dependencies: [
                "NomadDouble",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/NomadDoubleCommand",
            swiftSettings: testSettings
        ),
        // The cost of the choice of an endpoint, for scripts/fanout bench: links to the sources that make it.
        .executableTarget(
            name: "pick-bench",
            dependencies: ["Reactor"],
            path: "Tests/PickBench",
            swiftSettings: settings
        ),
        // The data path in a simulated world: links to its sources, so that it is optimised whatever the configuration is,
        // and builds without the rest.
        .target(
            name: "Simulation",
            dependencies: ["Reactor"],
            path: "Tests/Simulation",
            swiftSettings: settings + [.unsafeFlags(["-O"])]
        ),
        .executableTarget(
            name: "simulate",
            dependencies: ["Simulation"],
            path: "Tests/SimulateCommand",
            swiftSettings: settings
        ),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation"], swiftSettings: testSettings),
        // A fleet of sidecars in virtual time: links to the sources that choose endpoints; optimised for the same reason.
        .target(
            name: "Fleet",
            dependencies: ["Reactor"],
            path: "Tests/Fleet",
            swiftSettings: settings + [.unsafeFlags(["-O"])]
        ),
        .executableTarget(
            name: "simulate-fleet",
            dependencies: ["Fleet"],
            path: "Tests/FleetCommand",
            swiftSettings: settings
        ),
        .testTarget(name: "FleetTests", dependencies: ["Fleet"], swiftSettings: testSettings),
        .testTarget(name: "NomadDoubleTests", dependencies: ["NomadDouble"], swiftSettings: testSettings),
        // Verified traffic: optimised in every configuration, because its checks would else be the bottleneck.
        .target(
            name: "Traffic",
            path: "Tests/Traffic",
            swiftSettings: testSettings + [.unsafeFlags(["-O"])]
        ),
        // Promises that take minutes and thousands of connections, for scripts/fanout soak.
        .executableTarget(
            name: "fanout-soak",
            dependencies: [
                "Traffic", "NomadDouble",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Soak",
            swiftSettings: testSettings
        ),
        .testTarget(name: "SoakTests", dependencies: ["fanout-soak", "Traffic"], swiftSettings: testSettings),
        .testTarget(name: "TrafficTests", dependencies: ["Traffic"], swiftSettings: testSettings),
        // Runs a program without some system calls, as a container's profile does.
        .executableTarget(name: "refuse", path: "Tests/Refuse", cSettings: [.treatAllWarnings(as: .error)]),
        // Mutated answers, texts and files, and what they mean; optimised for the same reason. Knows nothing of Fanout.
        .target(
            name: "Fuzzing",
            dependencies: [.product(name: "NIOConcurrencyHelpers", package: "swift-nio")],
            path: "Tests/Fuzzing",
            exclude: ["corpus"],
            swiftSettings: testSettings + [.unsafeFlags(["-O"])]
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Fuzzing", "Traffic", "Fanout", "Reactor",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["Traffic", "NomadDouble", "Fanout", "refuse"],
            swiftSettings: testSettings
        ),
    ],
    swiftLanguageModes: [.v6]
)
