// Requests to the service.

/** Why the service did not do something, with the number of the record that tells everything. */
export class Refused extends Error {
  constructor(message, status, record) {
    super(message);
    this.status = status;
    this.record = record;
  }
}

async function answer(request) {
  let response, members;
  try {
    response = await request;
    members = await response.json();
  } catch {
    throw new Refused("the service does not answer; see that fidokey rp serve still runs");
  }
  if (members.status !== "ok") {
    throw new Refused(members.errorMessage, response.status, members.record);
  }
  return members;
}

export const get = (path) => answer(fetch(path));

export const post = (path, body = {}) =>
  answer(
    fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
