//! Authors' expressions, compiled on first use and kept while there is room: most are never used.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::expression::{self, Budget, Dot, Expression};

/// Memory of all kept expressions together, in bytes; beyond that they are compiled each time.
const MOST_TOGETHER: usize = 32 << 20;

/// Compiled expressions of a library.
#[derive(Debug, Default)]
pub(super) struct Programs {
    kept: RwLock<CachedProgram>,
}

#[derive(Debug, Default)]
struct CachedProgram {
    memory: usize,
    /// The compiled expressions; `None` for one that is refused, for reasons that `lint` tells its author.
    programs: HashMap<(Dot, Box<str>), Option<Arc<Expression>>>,
}

impl Programs {
    /// The compiled form; `None` for an expression that is refused, or when the work of the message is spent.
    pub(super) fn get(&self, pattern: &str, dot: Dot, work: &mut Budget) -> Option<Arc<Expression>> {
        let key = (dot, pattern.into());
        {
            let kept = self.kept.read();
            if let Some(program) = kept.programs.get(&key) {
                return program.clone();
            }
        }
        if work.is_spent() {
            return None;
        }
        let program = Expression::new(pattern, dot).ok().map(Arc::new);
        let memory = program.as_ref().map_or(0, |program| program.memory());
        let mut kept = self.kept.write();
        if kept.memory + memory <= MOST_TOGETHER {
            kept.memory += memory;
            kept.programs.insert(key, program.clone());
        } else {
            work.charge(expression::COMPILING);
        }
        program
    }
}
