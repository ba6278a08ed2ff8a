// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: explicit about unsafe memory, and optimised across the module border in release,
/// because the hot path is generic over the driver (ARCHITECTURE.md, "Specialisation").
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

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
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)
