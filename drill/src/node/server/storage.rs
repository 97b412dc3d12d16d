//! The other calls: is the node there, how is its disk, read a file, write a file.

use crate::node::store::Store;
use rustfs_protos::proto_gen::node_service::{
    DiskInfoResponse, Error, PingRequest, PingResponse, ReadAllRequest, ReadAllResponse, WriteAllRequest,
    WriteAllResponse,
};
use std::io;
use std::sync::Arc;

/// The drill's callers ask whether a call failed, not why.
const ANY_FAILURE: u32 = 1;

pub(super) async fn ping(request: PingRequest) -> PingResponse {
    PingResponse { version: request.version, body: request.body }
}

pub(super) async fn disk_info(store: Arc<Store>) -> DiskInfoResponse {
    match store.disk_info() {
        Ok(disk_info) => DiskInfoResponse { success: true, disk_info, error: None },
        Err(error) => DiskInfoResponse { error: Some(failure(&error)), ..Default::default() },
    }
}

pub(super) async fn read_all(store: Arc<Store>, request: ReadAllRequest) -> ReadAllResponse {
    match store.read(&request.volume, &request.path).await {
        Ok(data) => ReadAllResponse { success: true, data: data.into(), error: None },
        Err(error) => ReadAllResponse { error: Some(failure(&error)), ..Default::default() },
    }
}

pub(super) async fn write_all(store: Arc<Store>, request: WriteAllRequest) -> WriteAllResponse {
    match store.write(&request.volume, &request.path, &request.data).await {
        Ok(()) => WriteAllResponse { success: true, error: None },
        Err(error) => WriteAllResponse { success: false, error: Some(failure(&error)) },
    }
}

fn failure(error: &io::Error) -> Error {
    Error { code: ANY_FAILURE, error_info: error.to_string() }
}
