// The span to look at after an incident: from when every node answered first, to the last moment at which one that had answered did not, and
// others did. `node window.mjs PROMETHEUS_URL JOB FROM TO`, in Unix seconds; prints the beginning, when the node fell silent, and the end.
const [server, job, from, to] = process.argv.slice(2);

async function times(query) {
    const parameters = new URLSearchParams({ query, start: from, end: to, step: '1' });
    const { status, error, data } = await (await fetch(`${server}/api/v1/query_range?${parameters}`)).json();
    if (status !== 'success') throw new Error(error);
    return data.result.flatMap(({ values }) => values.map(([time]) => time)).sort((a, b) => a - b);
}
const start = (await times(`min(up{job="${job}"}) == 1`)).at(0);
const silent = (await times(`min(up{job="${job}"}) == 0 and max(up{job="${job}"}) == 1`)).filter((time) => time > start);
if (start === undefined || silent.length === 0) throw new Error('no time at which one node was silent and others were not');

// After the incident the nodes may end one by one: of the silences the first one counts.
const last = silent.findIndex((time, index) => index + 1 === silent.length || silent[index + 1] - time > 5);
console.log(start, silent[0], silent[last]);
