//! The lock calls: RustFS's own lock table of this process, asked over the network.

use rustfs_lock::lock_args::LockArgs;
use rustfs_lock::{GLOBAL_LOCAL_SERVER, Locker};
use rustfs_protos::proto_gen::node_service::{GenerallyLockRequest, GenerallyLockResponse};
use std::io;

pub(super) async fn lock(request: GenerallyLockRequest) -> GenerallyLockResponse {
    answer(match parse(&request) {
        Ok(args) => GLOBAL_LOCAL_SERVER.write().await.lock(&args).await,
        Err(error) => Err(error),
    })
}

pub(super) async fn unlock(request: GenerallyLockRequest) -> GenerallyLockResponse {
    answer(match parse(&request) {
        Ok(args) => GLOBAL_LOCAL_SERVER.write().await.unlock(&args).await,
        Err(error) => Err(error),
    })
}

pub(super) async fn read_lock(request: GenerallyLockRequest) -> GenerallyLockResponse {
    answer(match parse(&request) {
        Ok(args) => GLOBAL_LOCAL_SERVER.write().await.rlock(&args).await,
        Err(error) => Err(error),
    })
}

pub(super) async fn read_unlock(request: GenerallyLockRequest) -> GenerallyLockResponse {
    answer(match parse(&request) {
        Ok(args) => GLOBAL_LOCAL_SERVER.write().await.runlock(&args).await,
        Err(error) => Err(error),
    })
}

fn parse(request: &GenerallyLockRequest) -> io::Result<LockArgs> {
    Ok(serde_json::from_str(&request.args)?)
}

fn answer(result: io::Result<bool>) -> GenerallyLockResponse {
    match result {
        Ok(success) => GenerallyLockResponse { success, error_info: None },
        Err(error) => GenerallyLockResponse { success: false, error_info: Some(error.to_string()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, uid: &str) -> GenerallyLockRequest {
        let args = LockArgs {
            uid: uid.to_owned(),
            resources: vec![path.to_owned()],
            owner: "node1".to_owned(),
            ..Default::default()
        };
        GenerallyLockRequest { args: serde_json::to_string(&args).expect("arguments are JSON") }
    }

    #[tokio::test]
    async fn a_write_lock_excludes_until_it_is_released() {
        let path = "test/exclusive";
        assert!(lock(request(path, "first")).await.success);
        assert!(!lock(request(path, "second")).await.success);
        assert!(!read_lock(request(path, "second")).await.success);
        assert!(unlock(request(path, "first")).await.success);
        assert!(lock(request(path, "second")).await.success);
    }

    #[tokio::test]
    async fn read_locks_are_shared() {
        let path = "test/shared";
        assert!(read_lock(request(path, "first")).await.success);
        assert!(read_lock(request(path, "second")).await.success);
        assert!(!lock(request(path, "third")).await.success);
        assert!(read_unlock(request(path, "first")).await.success);
        assert!(read_unlock(request(path, "second")).await.success);
        assert!(lock(request(path, "third")).await.success);
    }

    #[tokio::test]
    async fn nonsense_is_answered_with_its_error() {
        let answer = lock(GenerallyLockRequest { args: "nonsense".to_owned() }).await;
        assert!(!answer.success);
        assert!(answer.error_info.is_some());
    }
}
