/// The live page at `/` of the admin endpoint: one file without resources of its own, served as `text/html`.
///
/// A constant and not a resource of the package, which would be a second file beside a static binary. It reads the JSON
/// of its own address alone, which its policy also demands of the browser, and turns nothing from there into markup.
enum AdminPage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <meta http-equiv="Content-Security-Policy" content="\(policy)">
        <link rel="icon" href="data:,">
        <title>Fanout</title>
        <style nonce="\(nonce)">
        \(style)
        </style>
        </head>
        <body>
        \(body)
        <script nonce="\(nonce)">
        \(figures)
        \(tables)
        \(columns)
        \(live)
        </script>
        </body>
        </html>

        """

    /// Nothing from elsewhere, and no address but this one to ask.
    private static let policy =
        "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; connect-src 'self'; "
        + "img-src data:; base-uri 'none'; form-action 'none'"

    /// Marks the page's own style and script; a constant will do, because no text of anybody else is in the page.
    private static let nonce = "fanout"

    private static let body = #"""
        <header>
          <h1>Fanout <small id="version"></small></h1>
          <span id="state" class="badge"></span>
          <dl id="facts"></dl>
        </header>
        <p id="notice" role="status" hidden></p>
        <main>
          <section id="tiles" aria-label="Figures of the process"></section>
          <section>
            <h2>Services</h2>
            <table id="services"></table>
          </section>
          <section>
            <h2>Endpoints <small id="endpoint-count"></small>
              <input id="filter" type="search" placeholder="filter" aria-label="Filter endpoints and connections"></h2>
            <table id="endpoints"></table>
          </section>
          <section>
            <h2>Living connections <small id="connection-count"></small></h2>
            <table id="connections"></table>
          </section>
          <section>
            <h2>Recent events</h2>
            <ol id="events"></ol>
          </section>
        </main>
        <noscript><p class="plain">This page needs JavaScript; the same is at <a href="status">status</a>,
        <a href="endpoints">endpoints</a> and <a href="connections">connections</a>.</p></noscript>
        """#
}
