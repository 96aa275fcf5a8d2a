// Prints what rss-parser makes of the feed in a file, as JSON.
const fs = require("node:fs");
const Parser = require("rss-parser");

new Parser()
  .parseString(fs.readFileSync(process.argv[2], "utf-8"))
  .then((feed) => console.log(JSON.stringify(feed)));
