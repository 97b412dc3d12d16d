//! The files of the project.

use std::fs;
use std::path::{Path, PathBuf};
use yaml_rust2::{Yaml, YamlLoader};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn yaml(path: &str) -> Yaml {
    let mut documents =
        YamlLoader::load_from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path} is one document");
    documents.remove(0)
}

/// The rules of all groups of a file.
pub(crate) fn rules(path: &str) -> Vec<Yaml> {
    let file = yaml(path);
    let groups = file["groups"].as_vec().expect("groups");
    groups.iter().flat_map(|group| group["rules"].as_vec().expect("rules")).cloned().collect()
}

/// The value as text.
pub(crate) fn string(yaml: &Yaml, place: &str) -> String {
    yaml.as_str().unwrap_or_else(|| panic!("{place} is no text: {yaml:?}")).to_owned()
}

/// Every page of documentation that the project keeps, by its path.
pub(crate) fn documents() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "deploy", "deploy/grafana", "drill", "benches", "loom-tests"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder of the project") {
            let path = entry.expect("readable").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.file_name().expect("a file").to_string_lossy().into_owned();
                pages.push((format!("{folder}/{name}"), fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    assert!(pages.len() > 8, "{} pages", pages.len());
    pages
}
