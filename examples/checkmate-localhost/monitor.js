// Sends a test mail as Checkmate does: node monitor.js appsettings.json [HOST PORT]
// Its settings go to nodemailer as they are; HOST and PORT are where it connects instead.
const nodemailer = require("nodemailer");
const settings = require(require("path").resolve(process.argv[2]));

const transport = nodemailer.createTransport({
  host: process.argv[3] || settings.systemEmailHost,
  port: Number(process.argv[4] || settings.systemEmailPort),
  secure: settings.systemEmailSecure,
  auth: {
    user: settings.systemEmailUser || settings.systemEmailAddress,
    pass: settings.systemEmailPassword,
  },
  name: settings.systemEmailConnectionHost || "localhost",
  connectionTimeout: 5000,
});
transport
  .sendMail({ from: settings.systemEmailAddress, to: "ops@example.com", subject: "test", text: "test" })
  .then(() => console.log("sent"))
  .catch((error) => {
    console.log(error.message);
    process.exitCode = 1;
  });
