// Asks doiuse-email what each mail program makes of each mail.
//   node clients.mjs FOLDER_OF_NODE_MODULES < {"clients": [...], "mails": [...]} > {client: [warning, ...]}
// Its own list of clients is older than its data, which also knows Outlook.com, GMX and WEB.DE; where the data of a client
// says nothing about a feature it would stop, here it goes on.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/doiuse-email/utils/`);
const [{ DoIUseEmail }, { emailClientsList }, { getAllFeatures }] = await Promise.all(
  ["doiuse.js", "email-clients.js", "features.js"].map((file) => import(new URL(file, folder))),
);

class Judge extends DoIUseEmail {
  checkFeaturesSupport(titles) {
    const [family, platform] = this.emailClients[0].split(".");
    super.checkFeaturesSupport([titles].flat().filter((title) => getAllFeatures()[title].stats[family]?.[platform]));
  }
}

const { clients, mails } = JSON.parse(readFileSync(0, "utf8"));
emailClientsList.push(...clients.filter((client) => !emailClientsList.includes(client)));

function warnings(client) {
  const found = mails.map((mail) => new Judge({ emailClients: [client] }).check(mail));
  return [...new Set(found.flatMap(({ errors = [], warnings }) => [...errors, ...warnings]))];
}

console.log(JSON.stringify(Object.fromEntries(clients.map((client) => [client, warnings(client)]))));
