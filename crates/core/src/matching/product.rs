//! Products that are alternatives to each other: a page about one of them does not help with a message about another.

use std::sync::LazyLock;

/// Families of products of which an installation has one; each line is a product and its other names.
const FAMILIES: &[&[&[&str]]] = &[
    // Managed and small Kubernetes.
    &[
        &["eks"],
        &["aks"],
        &["gke"],
        &["iks", "armada"],
        &["microk8s"],
        &["minikube"],
        &["k3s", "k3d"],
        &["openshift", "roks", "ocp"],
        &["rke", "rke2"],
        &["doks"],
        &["oke"],
    ],
    // Clouds.
    &[
        &["aws", "amazon"],
        &["azure"],
        &["gcp"],
        &["digitalocean"],
        &["hetzner"],
        &["alibaba", "aliyun"],
    ],
    // Databases.
    &[
        &["postgres", "postgresql", "psql", "psycopg2", "supabase"],
        &["mysql", "mariadb"],
        &["mongodb", "mongo"],
        &["mssql", "sqlserver"],
        &["oracle"],
        &["cassandra"],
        &["cockroachdb", "crdb"],
    ],
    // Brokers.
    &[
        &["kafka"],
        &["rabbitmq"],
        &["nats"],
        &["activemq", "amazonmq"],
        &["pulsar"],
        &["mosquitto", "emqx"],
    ],
    // Proxies.
    &[
        &["nginx"],
        &["haproxy"],
        &["traefik"],
        &["envoy", "istio"],
        &["caddy"],
        &["apache", "httpd"],
    ],
];

/// A product, by its family and its place in the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Product {
    family: u8,
    member: u8,
}

/// The names of all products, by their first letter.
static NAMES: LazyLock<[Vec<(&'static str, Product)>; 26]> = LazyLock::new(|| {
    let mut names: [Vec<(&'static str, Product)>; 26] = Default::default();
    for (family, products) in (0..).zip(FAMILIES) {
        for (member, own) in (0..).zip(products.iter()) {
            for name in *own {
                if let Some(list) = letter(name).and_then(|letter| names.get_mut(letter)) {
                    list.push((name, Product { family, member }));
                }
            }
        }
    }
    names
});

/// The place of a word's first letter in the alphabet, from 0.
fn letter(word: &str) -> Option<usize> {
    let first = word.bytes().next()?.to_ascii_lowercase();
    usize::from(first).checked_sub(usize::from(b'a'))
}

/// The product that a word names.
pub(super) fn named(word: &str) -> Option<Product> {
    let list = NAMES.get(letter(word)?)?;
    let mut meant = list.iter().filter(|(name, _)| name.eq_ignore_ascii_case(word));
    meant.next().map(|(_, product)| *product)
}

/// Returns true when two texts are about different products of one family: both name products of it, but none in
/// common.
pub(super) fn differ(these: &[Product], those: &[Product]) -> bool {
    let families = |family: u8| {
        let of = |products: &[Product]| -> Vec<u8> {
            let own = products.iter().filter(|product| product.family == family);
            own.map(|product| product.member).collect()
        };
        (of(these), of(those))
    };
    (0..FAMILIES.len() as u8).map(families).any(|(these, those)| {
        !these.is_empty() && !those.is_empty() && !these.iter().any(|member| those.contains(member))
    })
}

#[cfg(test)]
mod tests {
    use super::{Product, differ, named};

    #[test]
    fn products_of_one_family_differ() {
        let about = |text: &str| -> Vec<Product> { text.split(' ').filter_map(named).collect() };
        for (these, those, expected) in [
            ("kubectl on aks says", "the eks api", true),
            ("aks and eks both", "the eks api", false),
            ("kubectl says", "the eks api", false),
            ("kafka on aks", "nginx on aks", false),
            ("psql gives up", "mysql is gone", true),
        ] {
            assert_eq!(differ(&about(these), &about(those)), expected, "{these} / {those}");
        }
    }
}
