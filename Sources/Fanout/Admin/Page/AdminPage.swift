/// What is served at `/` for a person with a browser.
enum AdminPage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>Fanout</title>
        <h1>Fanout</h1>
        <ul>
        <li><a href="/status">/status</a>
        <li><a href="/endpoints">/endpoints</a>
        <li><a href="/connections">/connections</a>
        <li><a href="/metrics">/metrics</a>
        <li><a href="/ready">/ready</a>
        <li><a href="/live">/live</a>
        </ul>
        </html>

        """
}
