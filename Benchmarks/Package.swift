// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "benchmarks",
    products: [
        .executable(name: "fanout-bench", targets: ["FanoutBench"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .target(name: "CBench", cSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "FanoutBench",
            dependencies: ["CBench", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)]
        ),
    ],
    swiftLanguageModes: [.v6]
)
