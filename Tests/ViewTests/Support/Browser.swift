import Foundation
import Testing

/// A headless Chromium that a test steers over its debugging pipe (Chrome DevTools Protocol).
final class Browser: @unchecked Sendable {
    private let process = Process()
    private let orders = Pipe()
    private let replies = Pipe()
    private let profile = FileManager.default.temporaryDirectory
        .appendingPathComponent("fanout-browser-\(UUID().uuidString.prefix(8))")
    private let lock = NSLock()
    private var answers: [Int: [String: Any]] = [:]
    private var events: [[String: Any]] = []
    private var number = 0
    private var session: String?

    /// Debian's package; where it is missing, the tests that need it say so and are skipped.
    static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    static let missing: Comment = "no Chromium: install the Debian package chromium to test the page"

    /// Starts with an empty profile; the debugging pipe is on descriptors 3 and 4.
    init() throws {
        let program = try #require(Self.path)
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", program, "--headless", "--no-sandbox",
            "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--lang=en",
            "--user-data-dir=\(profile.path)", "about:blank",
        ]
        process.standardInput = orders
        process.standardOutput = replies
        process.standardError = FileHandle.nullDevice
        try process.run()
        let handle = replies.fileHandleForReading
        Thread { [weak self] in
            var rest = Data()
            while true {
                let chunk = handle.availableData
                guard !chunk.isEmpty, let self else { return }
                rest.append(chunk)
                while let end = rest.firstIndex(of: 0) {
                    let message = try? JSONSerialization.jsonObject(with: Data(rest[rest.startIndex..<end]))
                    rest = Data(rest[(end + 1)...])
                    self.take(message as? [String: Any] ?? [:])
                }
            }
        }.start()
        let target = try call("Target.createTarget", ["url": "about:blank"])["targetId"] as? String ?? ""
        session = try call("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String
        for domain in ["Page", "Network", "Runtime", "Log"] { _ = try call("\(domain).enable") }
    }

    /// Ends the browser that was started here; its children end with it.
    func stop() {
        process.terminate()
        process.waitUntilExit()
        // They may still be writing into its folder.
        let end = Date().addingTimeInterval(10)
        while FileManager.default.fileExists(atPath: profile.path), Date() < end {
            try? FileManager.default.removeItem(at: profile)
            usleep(10_000)
        }
    }

    private func take(_ message: [String: Any]) {
        lock.withLock {
            if let number = message["id"] as? Int { answers[number] = message } else { events.append(message) }
        }
    }

    @discardableResult
    func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
        number += 1
        var order: [String: Any] = ["id": number, "method": method, "params": parameters]
        if let session { order["sessionId"] = session }
        try orders.fileHandleForWriting.write(contentsOf: JSONSerialization.data(withJSONObject: order) + [0])
        var answer: [String: Any]?
        try wait(
            "answer to \(method)",
            within: 60,
            seen: { "\(self.log)" },
            until: {
                answer = lock.withLock { answers.removeValue(forKey: number) }
                return answer != nil
            }
        )
        if let error = answer?["error"] { throw TimedOut(description: "\(method): \(error)") }
        return answer?["result"] as? [String: Any] ?? [:]
    }

    func open(_ address: String) throws { try call("Page.navigate", ["url": address]) }

    /// The value of an expression in the page.
    func evaluate(_ expression: String) throws -> Any? {
        let result = try call("Runtime.evaluate", ["expression": expression, "returnByValue": true])
        return (result["result"] as? [String: Any])?["value"]
    }

    func text(_ selector: String) throws -> String {
        try evaluate("Array.from(document.querySelectorAll('\(selector)'), (each) => each.textContent).join('\\n')")
            as? String ?? ""
    }

    func expect(_ what: String, in selector: String) throws {
        try expect("\(what) in \(selector)") { try self.text(selector).contains(what) }
    }

    func expect(_ what: String, _ condition: () throws -> Bool) throws {
        try wait(what, within: 30, seen: { (try? self.text("body")) ?? "" }, until: condition)
    }

    func resize(width: Int, height: Int) throws {
        let size: [String: Any] = ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": false]
        try call("Emulation.setDeviceMetricsOverride", size)
    }

    func use(scheme: String) throws {
        try call("Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
    }

    /// The whole page as a PNG file.
    func screenshot(to path: String) throws {
        let result = try call("Page.captureScreenshot", ["captureBeyondViewport": true])
        try Data(base64Encoded: result["data"] as? String ?? "")?.write(to: URL(fileURLWithPath: path))
    }

    /// The addresses of all requests so far.
    var requests: [String] {
        happened("Network.requestWillBeSent").compactMap { ($0["request"] as? [String: Any])?["url"] as? String }
    }

    /// What went wrong in the page: exceptions, and what its policy forbade. Failed requests are not among it.
    var log: [String] {
        let exceptions = happened("Runtime.exceptionThrown").map { "\($0)" }
        let entries = happened("Log.entryAdded").compactMap { $0["entry"] as? [String: Any] }
            .filter { $0["source"] as? String != "network" }.map { "\($0)" }
        return exceptions + entries
    }

    private func happened(_ method: String) -> [[String: Any]] {
        lock.withLock {
            events.filter { $0["method"] as? String == method }.compactMap { $0["params"] as? [String: Any] }
        }
    }
}
