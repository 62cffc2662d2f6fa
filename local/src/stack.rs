//! A whole stack: all services over one data directory, behind one port.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::{
    clock::Clock,
    control,
    dynamodb::DynamoDb,
    front::{self, Front},
    functions,
    lambda::{Lambda, LambdaService},
    scheduler::{Scheduler, SchedulerService},
    seed::Seed,
    service::{Registry, Service, Shared},
    states::{self, States, StatesService},
};

/// What a stack is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 for any.
    pub port: u16,
    /// The data directory. What an earlier stack left there goes on.
    pub data: PathBuf,
    /// The world of the first start.
    pub seed: Seed,
    /// Virtual seconds for each real second.
    pub time_scale: f64,
    /// How far a database's `LatestRestorableTime` trails.
    pub archive_every: Duration,
    /// The folder with the five function binaries.
    pub functions: PathBuf,
}

impl Options {
    /// A stack in `data` with the functions from `functions`, on any port, in real time.
    #[must_use]
    pub fn new(data: PathBuf, functions: PathBuf, seed: Seed) -> Self {
        Self { port: 0, data, seed, time_scale: 1.0, archive_every: Duration::from_secs(2), functions }
    }
}

/// A running stack. Dropping it stops it.
#[derive(Debug)]
pub struct Stack {
    shared: Arc<Shared>,
    services: Arc<Registry>,
    lambda: Arc<Lambda>,
    states: Arc<States>,
    scheduler: Arc<Scheduler>,
}

impl Stack {
    /// Starts a stack, or the one that an earlier process left in the data directory.
    ///
    /// # Errors
    /// When the port is taken or the data directory can't be used.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.data).with_context(|| format!("can't create {}", options.data.display()))?;
        let data = std::path::absolute(&options.data)?;
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await.with_context(|| format!("port {} is taken", options.port))?;
        let url = format!("http://{}", listener.local_addr()?);
        let clock = Clock::open(&data, options.time_scale)?;
        let shared = Arc::new(Shared::new(clock, data, url));
        let region = options.seed.home();

        let dynamodb = DynamoDb::open(&shared.data)?;
        dynamodb.ensure_table(functions::TABLE)?;
        let lambda = Lambda::open(shared.clone(), region)?;
        for function in functions::table(&options.functions, &shared.url, &options.seed, None) {
            lambda.add(function);
        }
        connect_bus(&shared, &lambda);

        let lambda_service: Arc<dyn Service> = Arc::new(LambdaService::new(lambda.clone()));
        let states = States::open(shared.clone(), lambda_service.clone(), region)?;
        let scheduler = Scheduler::open(shared.clone(), lambda.clone(), region)?;
        scheduler.ensure(functions::SWEEP, functions::sweep(&lambda.arn(functions::SCHEDULER)))?;

        let services: Vec<Arc<dyn Service>> = vec![
            Arc::new(dynamodb),
            lambda_service,
            Arc::new(StatesService::new(states.clone())),
            Arc::new(SchedulerService::new(scheduler.clone())),
        ];
        let services = Arc::new(Registry::new(services));
        let front = Front { shared: shared.clone(), services: services.clone(), lambda: lambda.clone(), door: functions::DOOR };
        let app = front.app(control::routes(shared.clone()));
        shared.tasks.spawn(front::serve(listener, shared.clone(), app));
        // Last, when whoever they call is there.
        lambda.resume();
        states.add(functions::STATE_MACHINE, &states::RUN.replace("${RunnerFunctionArn}", &lambda.arn(functions::RUNNER)))?;
        scheduler.resume();
        Ok(Self { shared, services, lambda, states, scheduler })
    }

    /// Where the stack listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The clock, the faults, the record of calls.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The AWS services.
    #[must_use]
    pub fn services(&self) -> &Arc<Registry> {
        &self.services
    }

    /// The host of the functions.
    #[must_use]
    pub fn lambda(&self) -> &Arc<Lambda> {
        &self.lambda
    }

    /// Step Functions.
    #[must_use]
    pub fn states(&self) -> &Arc<States> {
        &self.states
    }

    /// EventBridge Scheduler.
    #[must_use]
    pub fn scheduler(&self) -> &Arc<Scheduler> {
        &self.scheduler
    }

    /// Stops everything that the stack started, in good order.
    pub async fn stop(self) {
        self.lambda.stop().await;
        drop(self);
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.shared.tasks.abort_all();
    }
}

/// Events whose rules match become asynchronous invocations.
fn connect_bus(shared: &Shared, lambda: &Arc<Lambda>) {
    let lambda = Arc::downgrade(lambda);
    shared.bus.deliver_with(move |function, event| {
        let Some(lambda) = lambda.upgrade() else { return };
        if let Err(error) = lambda.enqueue(function, event.to_string().as_bytes()) {
            tracing::warn!(%error, function, "an event can't be delivered");
        }
    });
}
