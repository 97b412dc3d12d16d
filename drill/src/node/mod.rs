//! One node of the cluster: it answers its peers, does steady work against them, and has `foreshock` watch it.

mod buckets;
mod cluster_lock;
mod disks;
mod iam;
mod peer;
mod probes;
mod server;
mod store;
mod uploads;
mod watch;

use crate::arguments::NodeArguments;
use crate::guard::die_with_parent;
use crate::handshake::{self, Members, Ports};
use crate::layout::IAM_PATHS;
use cluster_lock::ClusterLocks;
use peer::Peer;
use std::io::{self, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use watch::Watch;

/// Runs until standard input closes: the orchestrator holds the other end.
pub(crate) fn run(arguments: &NodeArguments) -> Result<(), String> {
    die_with_parent(arguments.parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let ended = runtime.block_on(serve_and_work(arguments));
    // Work on its way need not be waited for: a node may go at any time.
    runtime.shutdown_background();
    ended
}

async fn serve_and_work(arguments: &NodeArguments) -> Result<(), String> {
    let store = Arc::new(Store::create(&arguments.directory).map_err(|error| format!("no store: {error}"))?);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.rpc_port));
    let listener =
        TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let rpc_port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let watch = Watch::start(arguments.metrics_port, &arguments.prefix, arguments.tempo)
        .map_err(|error| error.to_string())?;

    let mut tasks = JoinSet::new();
    tasks.spawn(server::serve(listener, Arc::clone(&store)));
    handshake::send(io::stdout(), &Ports { rpc: rpc_port, metrics: watch.port() })
        .map_err(|error| format!("the orchestrator does not listen: {error}"))?;
    let (members, parent_gone) = listen_to_parent();
    let members =
        members.await.map_err(|_| "the orchestrator left before it named the members".to_owned())?;
    start_work(&mut tasks, arguments, &members, store, &watch);

    tokio::select! {
        _ = parent_gone => Ok(()),
        // None of them ends by itself.
        Some(ended) = tasks.join_next() => Err(match ended {
            Ok(reason) => reason,
            Err(panicked) => panicked.to_string(),
        }),
    }
}

/// First the members, then the end of the stream. On a thread of its own, because reading standard input blocks.
fn listen_to_parent() -> (oneshot::Receiver<Members>, oneshot::Receiver<()>) {
    let (tell_members, members) = oneshot::channel();
    let (hold, gone) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut input = BufReader::new(io::stdin());
        if let Ok(message) = handshake::receive(&mut input) {
            // Refused only if the node is ending.
            let _ = tell_members.send(message);
            // Nothing more is ever sent.
            let _ = input.read(&mut [0]);
        }
        drop(hold);
    });
    (members, gone)
}

fn start_work(
    tasks: &mut JoinSet<String>,
    arguments: &NodeArguments,
    members: &Members,
    store: Arc<Store>,
    watch: &Watch,
) {
    let (own, pace) = (arguments.id, arguments.tempo.pace());
    let peers: Vec<Arc<Peer>> = own
        .others()
        .map(|id| {
            Arc::new(Peer::new(id, SocketAddr::from((Ipv4Addr::LOCALHOST, members.rpc_ports[id.index()]))))
        })
        .collect();
    let locks = Arc::new(ClusterLocks::new(own, members, pace));

    for path in IAM_PATHS {
        let reader = iam::Reader { peers: peers.clone(), deadline: pace.read_deadline };
        tasks.spawn(iam::work(path, Arc::clone(&locks), reader, watch.lock_path(path), watch.iam()));
    }
    let bucket = own.bucket_path();
    tasks.spawn(buckets::work(
        bucket.clone(),
        Arc::clone(&locks),
        Arc::clone(&store),
        watch.lock_path(&bucket),
    ));
    for peer in &peers {
        tasks.spawn(probes::work(Arc::clone(peer), watch.peer(peer.id()), pace));
    }
    let watched_disks = peers.iter().map(|peer| (Arc::clone(peer), watch.disk(peer.id()))).collect();
    tasks.spawn(disks::work(watched_disks, Arc::clone(&store), watch.disk_quorum(), pace));
    tasks.spawn(uploads::work(own, peers, store, watch.uploads(), pace));
}
